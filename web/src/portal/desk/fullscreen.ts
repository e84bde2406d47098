import { useSyncExternalStore } from "react";

// Some browsers let a full-screen page have the keys that otherwise go to the system, such as Alt+Tab.
interface LockableKeyboard {
  lock?: () => Promise<void>;
  unlock?: () => void;
}
const keyboard = () => (navigator as { keyboard?: LockableKeyboard }).keyboard;

export async function toggleFullScreen(full: boolean): Promise<void> {
  if (full) {
    keyboard()?.unlock?.();
    return document.exitFullscreen();
  }
  await document.documentElement.requestFullscreen({ navigationUI: "hide" });
  await keyboard()
    ?.lock?.()
    .catch(() => undefined); // then those keys stay with the system
}

export function useFullScreen(): boolean {
  return useSyncExternalStore(
    (changed) => {
      document.addEventListener("fullscreenchange", changed);
      return () => document.removeEventListener("fullscreenchange", changed);
    },
    () => document.fullscreenElement !== null,
  );
}
