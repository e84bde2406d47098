/** Stroke is a combination that browsers or systems keep to themselves. */
export interface Stroke {
  label: string; // the same in every language
  keys: [keysym: number, code: string][];
}

const control: [number, string] = [0xffe3, "ControlLeft"];
const alt: [number, string] = [0xffe9, "AltLeft"];

export const strokes: Stroke[] = [
  { label: "Ctrl+Alt+Del", keys: [control, alt, [0xffff, "Delete"]] },
  { label: "Alt+Tab", keys: [alt, [0xff09, "Tab"]] },
  { label: "Alt+F4", keys: [alt, [0xffc1, "F4"]] },
  { label: "Ctrl+W", keys: [control, [0x77, "KeyW"]] },
  { label: "Ctrl+T", keys: [control, [0x74, "KeyT"]] },
  { label: "Super", keys: [[0xffeb, "MetaLeft"]] },
  { label: "Esc", keys: [[0xff1b, "Escape"]] },
  { label: "F11", keys: [[0xffc8, "F11"]] },
  { label: "Print Screen", keys: [[0xff61, "PrintScreen"]] },
];

/** press sends a stroke: all down in order, all up in reverse. */
export function press(stroke: Stroke, send: (keysym: number, code: string, down: boolean) => void) {
  for (const [keysym, code] of stroke.keys) send(keysym, code, true);
  for (const [keysym, code] of [...stroke.keys].reverse()) send(keysym, code, false);
}
