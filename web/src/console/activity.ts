/** How long after the last input somebody still counts as being at the page, in milliseconds. */
const attention = 60_000;

let last = Date.now();

for (const kind of ["pointerdown", "pointermove", "keydown", "wheel"]) {
  globalThis.addEventListener?.(
    kind,
    () => {
      last = Date.now();
    },
    { capture: true, passive: true },
  );
}

/** presenceAt says whether somebody is at the page, so that a page that only looks by itself does not keep a sign-in alive. */
export const presenceAt = (lastInput: number, now: number) =>
  now - lastInput < attention ? "active" : "idle";

/** presence is presenceAt for now. */
export const presence = () => presenceAt(last, Date.now());
