import { useSyncExternalStore } from "react";

/** Place is what an address of the console shows: /console/PROJECT/PAGE/ID?QUERY. */
export interface Place {
  project: string; // empty: none is named
  page: Page;
  id: string; // of what is shown; empty: a list
}

export type Page = "overview" | "desktops" | "jobs" | "nothing";
export const pages: Exclude<Page, "nothing">[] = ["overview", "desktops", "jobs"];

export function placeOf(path: string): Place {
  const [, project = "", page = "overview", id = "", more] = path
    .replace(/^\/console\/?/, "/")
    .split("/")
    .map(decoded);
  const known =
    (pages as string[]).includes(page) && more === undefined && !(page === "overview" && id !== "");
  return { project, page: known ? (page as Page) : "nothing", id };
}

/** decoded is a part of a path; one that cannot be decoded stays as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** addressOfPlace is where a page of a project is. */
export const addressOfPlace = (project: string, page: Page, id = "") =>
  `/console/${encodeURIComponent(project)}/${page}${id && `/${encodeURIComponent(id)}`}`;

const moved = new EventTarget();

/** go shows another address without loading the page again; replace leaves no way back. */
export function go(address: string, { replace = false } = {}) {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  moved.dispatchEvent(new Event("move"));
}

function subscribe(changed: () => void) {
  moved.addEventListener("move", changed);
  window.addEventListener("popstate", changed);
  return () => {
    moved.removeEventListener("move", changed);
    window.removeEventListener("popstate", changed);
  };
}

export const usePath = () => useSyncExternalStore(subscribe, () => location.pathname);
export const useSearch = () => useSyncExternalStore(subscribe, () => location.search);
