import type { MessageKey } from "../i18n";
import type { Card } from "./api";

/** stateOf says a desktop's state in a word. */
export function stateOf(card: Card): MessageKey {
  if (card.why) return `state.${card.why}`;
  if (card.status === "HIBERNATED") return "state.asleep";
  if (card.access === "start") return "state.off";
  return card.login_status === "CONNECTED" ? "state.inUse" : "state.running";
}

export type Tone = "on" | "moving" | "off" | "bad";

/** toneOf is the colour of a state: on, moving, off or wrong. */
export function toneOf(card: Card): Tone {
  if (card.why === "fault") return "bad";
  if (card.access === "wait") return "moving";
  return card.access === "open" ? "on" : "off";
}
