import type { MessageKey } from "../../i18n";
import { Refusal } from "../api";

/**
 * Verdict says what to do after a connection ended or could not be opened: "retry" comes back by itself; "look" lets the
 * desktop's card decide; the rest needs the person.
 */
export type Verdict =
  | { kind: "retry"; why: MessageKey }
  | { kind: "look" }
  | { kind: "end"; why: "replaced" | "loggedOff" | "access" | "gone" | "signedOut" };

const retry = (why: MessageKey): Verdict => ({ kind: "retry", why });

/** closeCodes are those of internal/gateway (ending.go). A cut network gives 1006. */
export const closeCodes: Record<number, Verdict> = {
  1000: retry("end.lost"),
  1003: retry("end.fault"),
  1008: retry("end.fault"),
  1012: retry("end.restarting"),
  4401: retry("end.lost"), // the ticket was too old: the next one is fresh
  4403: { kind: "end", why: "access" },
  4404: { kind: "end", why: "gone" },
  4408: retry("end.slow"),
  4409: { kind: "look" },
  4410: { kind: "end", why: "replaced" },
  4411: { kind: "end", why: "loggedOff" },
  4500: retry("end.fault"),
  4502: retry("end.display_lost"),
  4503: retry("end.unavailable"),
};

export const afterClose = (code: number): Verdict => closeCodes[code] ?? retry("end.lost");

/** afterRefusal judges why there was no ticket. */
export function afterRefusal(e: unknown): Verdict {
  if (!(e instanceof Refusal)) return retry("end.fault");
  switch (e.status) {
    case 0:
      return retry("end.lost");
    case 401:
      return { kind: "end", why: "signedOut" };
    case 403:
      return { kind: "end", why: "access" };
    case 404:
      return { kind: "end", why: "gone" };
    case 409:
      return { kind: "look" };
    default:
      return retry("end.fault");
  }
}
