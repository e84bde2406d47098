import type { Operation } from "./spec";

/** Filled is what somebody has typed for a call. */
export interface Filled {
  parameters: Record<string, string>; // by name; empty: left out
  body: string; // JSON; empty: none
  file: File | null;
}

/** Outcome is what came of a call. */
export interface Outcome {
  request: { method: string; url: string; headers: [string, string][]; body: string };
  status: number; // 0: there was no answer
  reason: string;
  milliseconds: number;
  requestID: string;
  rehearsed: boolean;
  headers: [string, string][];
  text: string; // of the body; empty if it is a file
  file: Blob | null;
  fileName: string;
}

/** blanks are what stands in a body for what only its author knows: $DESKTOP_ID. */
export const blanks = (body: string) => [...new Set([...body.matchAll(/\$[A-Z][A-Z0-9_]*/g)].map(String))];

/** missing lists the parameters that must be given, and are not. */
export const missing = (o: Operation, filled: Filled) =>
  (o.parameters ?? []).filter((p) => p.required && !filled.parameters[p.name]?.trim()).map((p) => p.name);

/** addressOf is where a call goes, with its parameters in path and query. */
export function addressOf(o: Operation, filled: Filled): string {
  let path = o.path;
  const query = new URLSearchParams();
  for (const p of o.parameters ?? []) {
    const value = filled.parameters[p.name]?.trim();
    if (!value) continue;
    if (p.in === "path") path = path.replace(`{${p.name}}`, encodeURIComponent(value));
    if (p.in === "query") query.append(p.name, value);
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

export const dryRunHeader = "X-Dry-Run";

const patience = 60_000; // milliseconds

interface Sending {
  token: string;
  hidden: string; // what is shown in place of the token
  rehearse: boolean;
}

/** send makes a call and never fails: having no answer is an outcome, too. */
export async function send(
  o: Operation,
  filled: Filled,
  { token, hidden, rehearse }: Sending,
): Promise<Outcome> {
  const headers: [string, string][] = [];
  for (const p of o.parameters ?? []) {
    const value = filled.parameters[p.name]?.trim();
    if (p.in === "header" && value && p.name !== dryRunHeader) headers.push([p.name, value]);
  }
  if (rehearse) headers.push([dryRunHeader, "true"]);
  const upload = !!o.requestBody && !o.requestBody.content["application/json"];
  let body: BodyInit | null = null;
  if (upload && filled.file) {
    const form = new FormData();
    form.append("file", filled.file);
    body = form;
  } else if (!upload && o.requestBody && filled.body.trim()) {
    headers.push(["Content-Type", "application/json"]);
    body = filled.body;
  }
  const url = addressOf(o, filled);
  const outcome: Outcome = {
    request: {
      method: o.method,
      url,
      headers: token ? [["X-Auth-Token", hidden], ...headers] : headers,
      body: typeof body === "string" ? body : (filled.file?.name ?? ""),
    },
    status: 0,
    reason: "",
    milliseconds: 0,
    requestID: "",
    rehearsed: false,
    headers: [],
    text: "",
    file: null,
    fileName: "",
  };
  const sent = performance.now();
  try {
    const answer = await fetch(url, {
      method: o.method,
      headers: token ? [["X-Auth-Token", token], ...headers] : headers,
      body,
      credentials: "omit", // the cookie of a user of the portal is no identity here
      cache: "no-store",
      signal: AbortSignal.timeout(patience),
    });
    const content = await answer.blob();
    outcome.milliseconds = Math.round(performance.now() - sent);
    outcome.status = answer.status;
    outcome.reason = answer.statusText;
    outcome.headers = [...answer.headers];
    outcome.requestID = answer.headers.get("X-Request-Id") ?? "";
    outcome.rehearsed = answer.headers.get(dryRunHeader) === "true";
    if (/json|^text\/plain/.test(content.type)) outcome.text = pretty(await content.text());
    else if (content.size > 0) outcome.file = content;
    outcome.fileName = /filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "";
  } catch (e) {
    outcome.milliseconds = Math.round(performance.now() - sent);
    outcome.reason = e instanceof Error ? e.message : String(e);
  }
  return outcome;
}

/** pretty indents JSON, and leaves other texts as they are. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** faultOfJSON says why a text is no JSON; empty if it is, or is empty. */
export function faultOfJSON(text: string): string {
  if (!text.trim()) return "";
  try {
    JSON.parse(text);
    return "";
  } catch (e) {
    return e instanceof Error ? e.message : String(e);
  }
}
