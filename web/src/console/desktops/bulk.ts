import type { Desktop } from "./desktop";

/** Action is what can be done to many desktops at once. */
export type Action = "start" | "stop" | "restart" | "message" | "logoff" | "delete";
export const actions: Action[] = ["start", "stop", "restart", "message", "logoff", "delete"];

/** most is how many desktops one call takes. */
export const most = 100;

/** partsOf divides what one call could not take. */
export function partsOf<T>(all: readonly T[], size = most): T[][] {
  const parts: T[][] = [];
  for (let i = 0; i < all.length; i += size) parts.push(all.slice(i, i + size));
  return parts;
}

/** Refused is a desktop for which the API said at once that it cannot be done. */
export interface Refused {
  id: string;
  name: string;
  reason: string;
}

/** Part is how far the work on one desktop is. */
export interface Part {
  id: string; // of the sub-job, or of the desktop if there is none
  name: string;
  status: "WAITING" | "RUNNING" | "SUCCESS" | "FAILED";
  step: string;
  code: string;
  reason: string;
}

interface SubJob {
  id?: string;
  entity?: string;
  entities?: { desktop_id?: string; desktop_name?: string };
  status?: string;
  step?: string;
  error_code?: string;
  fail_reason?: string;
}

/** partsDone are the sub-jobs of jobs, with the names that desktops had when the work was ordered; what failed comes first. */
export function partsDone(subJobs: readonly SubJob[], names: ReadonlyMap<string, string>): Part[] {
  const rank = { FAILED: 0, RUNNING: 1, WAITING: 2, SUCCESS: 3 };
  const parts = subJobs.map((s): Part => {
    const desktop = s.entities?.desktop_id ?? s.entity ?? "";
    return {
      id: s.id ?? desktop,
      name: names.get(desktop) ?? s.entities?.desktop_name ?? desktop,
      status: (s.status as Part["status"]) ?? "WAITING",
      step: s.step ?? "",
      code: s.error_code ?? "",
      reason: s.fail_reason ?? "",
    };
  });
  return parts.sort((a, b) => rank[a.status] - rank[b.status] || a.name.localeCompare(b.name));
}

/** isOver says whether nothing more will happen. */
export const isOver = (parts: readonly Part[]) =>
  parts.every((p) => p.status === "SUCCESS" || p.status === "FAILED");

/** connectedOf are the desktops at which somebody is. */
export const connectedOf = (chosen: readonly Desktop[]) =>
  chosen.filter((d) => d.login_status === "CONNECTED");
