import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

const dwell = 250; // milliseconds at the edge before the bar comes
const leave = 600; // away from it before it goes
const greeting = 3500; // at first, so that people see that there is one

/**
 * useReveal says whether the bar is out: at first for a moment, when the pointer rests at the middle of the top edge, and
 * when Ctrl+Alt+Shift are pressed together and released. It stays while it has the focus or something of it is open.
 */
export function useReveal(bar: RefObject<HTMLElement | null>, shown: boolean, busy: boolean) {
  const [open, setOpen] = useState(false);
  const [hint, setHint] = useState(false);
  const greeted = useRef(false);
  const called = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const later = useCallback((what: () => void, wait: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(what, wait);
  }, []);
  const close = useCallback(() => {
    clearTimeout(timer.current);
    setOpen(false);
    setHint(false);
  }, []);

  useEffect(() => {
    if (!shown) return close();
    if (greeted.current) return;
    greeted.current = true;
    setOpen(true);
    setHint(true);
    later(close, greeting);
  }, [shown, close, later]);

  usePointerAtEdge(bar, shown && !busy, open, setOpen, close, later, timer);
  useChord(shown, () => {
    if (open) return close();
    clearTimeout(timer.current);
    called.current = true;
    setOpen(true);
  });
  useEffect(() => {
    if (!open || !called.current) return; // only who called it by keys wants to go on with them there
    called.current = false;
    bar.current?.querySelector("button")?.focus();
  }, [open, bar]);
  return { open: open && shown, hint, close };
}

function usePointerAtEdge(
  bar: RefObject<HTMLElement | null>,
  active: boolean,
  open: boolean,
  setOpen: (open: boolean) => void,
  close: () => void,
  later: (what: () => void, wait: number) => void,
  timer: RefObject<ReturnType<typeof setTimeout> | undefined>,
) {
  const where = useRef<"edge" | "bar" | "away">("away");
  useEffect(() => {
    if (!active) return;
    const move = (e: PointerEvent) => {
      const now = placeOfPointer(e, bar.current, open);
      if (now === where.current) return;
      where.current = now;
      if (now === "edge" && !open) later(() => setOpen(true), e.pointerType === "mouse" ? dwell : 0);
      else if (now === "away" && open) later(close, leave);
      else clearTimeout(timer.current);
    };
    // The viewer keeps events to itself further down.
    window.addEventListener("pointermove", move, { capture: true });
    window.addEventListener("pointerdown", move, { capture: true });
    return () => {
      window.removeEventListener("pointermove", move, { capture: true });
      window.removeEventListener("pointerdown", move, { capture: true });
    };
  }, [active, open, bar, setOpen, close, later, timer]);
}

function placeOfPointer(e: PointerEvent, bar: HTMLElement | null, open: boolean): "edge" | "bar" | "away" {
  if (open && bar?.contains(e.target as Node)) return "bar";
  const touch = e.pointerType !== "mouse";
  const middle = Math.abs(e.clientX - innerWidth / 2) < innerWidth / 4;
  return middle && e.clientY <= (touch ? 8 : 1) ? "edge" : "away";
}

/** useChord runs act when Ctrl, Alt and Shift were down together, with no other key, and are all up again. */
function useChord(active: boolean, act: () => void) {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    if (!active) return;
    let armed = false;
    const down = (e: KeyboardEvent) => {
      armed =
        ["Control", "Alt", "Shift", "Meta"].includes(e.key) &&
        (armed || (e.ctrlKey && e.altKey && e.shiftKey));
    };
    const up = (e: KeyboardEvent) => {
      if (!armed || e.ctrlKey || e.altKey || e.shiftKey) return;
      armed = false;
      latest.current();
    };
    window.addEventListener("keydown", down, { capture: true });
    window.addEventListener("keyup", up, { capture: true });
    return () => {
      window.removeEventListener("keydown", down, { capture: true });
      window.removeEventListener("keyup", up, { capture: true });
    };
  }, [active]);
}
