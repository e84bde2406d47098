import type { Answer } from "../api";
import { has, type T } from "../words";

type Listed = Answer<"get", "/v2/{project_id}/desktops/detail">;
export type Desktop = NonNullable<Listed["desktops"]>[number];

export type Tone = "on" | "moving" | "off" | "bad";

/** toneOf is the colour of a desktop's state: on, moving, off or wrong. */
export function toneOf(d: Pick<Desktop, "status" | "task_status">): Tone {
  if (d.status === "ERROR") return "bad";
  if (d.task_status) return "moving";
  if (d.status === "ACTIVE") return "on";
  return d.status === "SHUTOFF" || d.status === "HIBERNATED" ? "off" : "moving";
}

/** stateOf says a state in words; one that has no words is said as the API has it. */
export function stateOf(status: string | undefined, t: T): string {
  const key = `state.${status}`;
  return has(key) ? t(key) : (status ?? "");
}

/** peopleOf are the names of those who have a desktop. */
export const peopleOf = (d: Desktop) => (d.attach_user_infos ?? []).map((u) => u.user_name).join(", ");

export const tagsOf = (d: Desktop) => (d.tags ?? []).map((tag) => `${tag.key}=${tag.value}`).join(", ");

export const addressOf = (d: Desktop) => (d.ip_addresses ?? []).join(", ");

/** timeOf shows a time of the API as the browser's user is used to. */
export function timeOf(text: string | undefined, language: string): string {
  const time = text ? new Date(text) : undefined;
  if (!time || Number.isNaN(time.getTime())) return "";
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(time);
}
