// Calls of the public API as who is signed in, in the types that its description has (api.gen.ts).
import { presence } from "./activity";
import type { components, paths } from "./api.gen";

type Schemas = components["schemas"];
export type Who = Schemas["ConsoleWho"];

/** Refusal is an answer other than success. Status 0 means that there was none. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly wait: number = 0, // seconds
  ) {
    super(message);
  }
}

/** passing says whether the same call may succeed in a moment. */
export const passing = (e: unknown) => e instanceof Refusal && (e.status === 0 || e.status >= 500);

type Method = "get" | "post";
/** Paths are those that have a method. */
type Paths<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: object }> ? P : never;
}[keyof paths];
/** Answer is the JSON of an operation's success. */
export type Answer<M extends Method, P extends Paths<M>> = paths[P][M] extends {
  responses: { 200: { content: { "application/json": infer B } } };
}
  ? B
  : undefined;
type Query<O> = O extends { parameters: { query?: infer Q } } ? NonNullable<Q> : never;
type Body<O> = O extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;

interface Asked<O> {
  path?: Record<string, string>;
  query?: Query<O> | undefined;
  body?: Body<O>;
  dryRun?: boolean;
  signal?: AbortSignal;
}

/** addressOf fills in the placeholders of a path and adds a query; what is empty is left out. */
export function addressOf(path: string, fill: Record<string, string> = {}, query: object = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(fill[name] ?? ""));
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") asked.set(name, String(value));
  }
  return asked.size > 0 ? `${filled}?${asked}` : filled;
}

/** call makes a call, or throws a Refusal. The API's own paths are behind the console's, which adds the token. */
export async function call<M extends Method, P extends Paths<M>>(
  method: M,
  path: P,
  { path: fill, query, body, dryRun, signal }: Asked<paths[P][M]> = {},
): Promise<Answer<M, P>> {
  const headers: Record<string, string> = { "X-Console": presence() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (dryRun) headers["X-Dry-Run"] = "true";
  const own = String(path).startsWith("/console/api/");
  let response: Response;
  let text: string;
  try {
    response = await fetch((own ? "" : "/console/api") + addressOf(String(path), fill, query), {
      method: method.toUpperCase(),
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, AbortSignal.timeout(30_000)]) : AbortSignal.timeout(30_000),
    });
    text = await response.text();
  } catch (e) {
    throw new Refusal(0, "", String(e));
  }
  const answer = parse(text);
  if (response.ok) return answer as Answer<M, P>;
  const { error_code = "", error_msg = response.statusText } = (answer ?? {}) as Partial<
    Record<string, string>
  >;
  throw new Refusal(response.status, error_code, error_msg, Number(response.headers.get("Retry-After") ?? 0));
}

/** parse reads an answer; what is not JSON, as from a proxy that cannot reach the server, is nothing. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
