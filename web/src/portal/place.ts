import { useSyncExternalStore } from "react";

/** Place is what an address of this page shows. */
export type Place =
  | { show: "cards" }
  | { show: "desk"; id: string }
  | { show: "pool"; id: string }
  | { show: "enter" }
  | { show: "first-password" }
  | { show: "nothing" };

export function placeOf(path: string): Place {
  if (path === "/") return { show: "cards" };
  if (path === "/enter") return { show: "enter" };
  if (path.startsWith("/first-password")) return { show: "first-password" };
  const [, kind, id] = /^\/(desktops|pools)\/([\w-]+)$/.exec(path) ?? [];
  if (!id) return { show: "nothing" };
  return { show: kind === "pools" ? "pool" : "desk", id };
}

const moved = new EventTarget();

/** Intent is what somebody wanted when they came to a place. It does not outlive taking it. */
export interface Intent {
  start?: boolean;
  ticket?: string; // for the display, fresh from the server
}

/** go shows another address without loading the page again. */
export function go(path: string, intent: Intent | null = null) {
  history.pushState(intent, "", path);
  moved.dispatchEvent(new Event("move"));
}

/** replace goes without leaving a way back. */
export function replace(path: string, intent: Intent | null = null) {
  history.replaceState(intent, "", path);
  moved.dispatchEvent(new Event("move"));
}

/** takeIntent returns what go was given, once: loading the page again must not repeat it. */
export function takeIntent(): Intent {
  const intent = (history.state ?? {}) as Intent;
  history.replaceState(null, "");
  return intent;
}

export function usePath(): string {
  return useSyncExternalStore(
    (changed) => {
      moved.addEventListener("move", changed);
      window.addEventListener("popstate", changed);
      return () => {
        moved.removeEventListener("move", changed);
        window.removeEventListener("popstate", changed);
      };
    },
    () => location.pathname,
  );
}
