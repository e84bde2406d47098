// The portal's calls to its server, in the types that internal/portal describes (api.gen.ts).
import type { components, paths } from "./api.gen";

type Schemas = components["schemas"];
export type Person = Schemas["PortalPerson"];
export type CodeNeeded = Schemas["PortalCodeNeeded"];
export type Enrolment = Schemas["PortalEnrolment"];
export type Card = Schemas["PortalCard"];
export type Obstacle = NonNullable<Card["why"]>;
export type Pool = Schemas["PortalPoolCard"];
export type PoolState = Pool["state"];
export type Waiting = Schemas["PortalWaitBody"];
export type Rebuild = Schemas["PortalRebuildBody"];

/** PowerAction is what people may do to the power of a desktop of theirs that runs. */
export type PowerAction = "restart" | "stop";

export const signedIn = (answer: Person | CodeNeeded): answer is Person => "user_name" in answer;

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

/** patient is for calls that may be made again until the server answers; anything else that it says will not get better. */
export const patient = {
  retry: (_: number, e: Error) => passing(e),
  retryDelay: (n: number) => Math.min(500 * 2 ** n, 5000),
};

type Method = "get" | "post" | "put" | "delete";
/** Paths are those that have a method. */
type Paths<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never;
}[keyof paths];
type Json<T> = T extends { content: { "application/json": infer B } } ? B : undefined;
/** Answer is what an operation answers with success. */
type Answer<O> = O extends { responses: infer R } ? Json<R[keyof R & (200 | 202 | 204)]> : never;
/** Takes is what an operation needs: the id in its path, a body. */
type Takes<O> = (O extends { parameters: { path: infer P } } ? P : { id?: never }) &
  (O extends { requestBody: { content: { "application/json": infer B } } } ? { body: B } : { body?: never });

interface Options {
  bearer?: string;
  timeout?: number; // milliseconds
}

async function call<M extends Method, P extends Paths<M>>(
  method: M,
  path: P,
  { id, body }: Takes<paths[P][M]>,
  { bearer, timeout = 15_000 }: Options = {},
): Promise<Answer<paths[P][M]>> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(path.replace("{id}", encodeURIComponent(id ?? "")), {
      method: method.toUpperCase(),
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(timeout),
    });
    text = await response.text();
  } catch (e) {
    throw new Refusal(0, "", String(e));
  }
  const answer = parse(text);
  if (response.ok) return answer as Answer<paths[P][M]>;
  const {
    error_code = "",
    error_msg = response.statusText,
    retry_after = 0,
  } = (answer ?? {}) as Partial<Schemas["PortalErrorBody"]>;
  throw new Refusal(response.status, error_code, error_msg, retry_after);
}

/** parse reads an answer; what is not JSON, as from a proxy that cannot reach the server, is nothing. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const api = {
  signIn: (user_name: string, password: string) =>
    call("post", "/portal/api/sign-in", { body: { user_name, password } }),
  signInWithCode: (token: string, code: string) =>
    call("post", "/portal/api/sign-in/code", { body: { token, code } }),
  enter: (token: string) => call("post", "/portal/api/enter", { body: { token } }),
  signOut: () => call("post", "/portal/api/sign-out", {}),
  me: () => call("get", "/portal/api/me", {}),
  setLanguage: (language: string) => call("put", "/portal/api/me/language", { body: { language } }),
  changePassword: (old_password: string, new_password: string) =>
    call("put", "/portal/api/me/password", { body: { old_password, new_password } }),
  beginEnrolment: () => call("post", "/portal/api/me/codes", {}),
  confirmEnrolment: (code: string) => call("post", "/portal/api/me/codes/confirm", { body: { code } }),
  renewRecoveryCodes: (code: string) => call("post", "/portal/api/me/codes/recovery", { body: { code } }),
  removeAuthenticator: (code: string) => call("post", "/portal/api/me/codes/remove", { body: { code } }),
  linkHolder: (token: string) => call("get", "/portal/api/first-password", {}, { bearer: token }),
  setFirstPassword: (token: string, password: string) =>
    call("post", "/portal/api/first-password", { body: { password } }, { bearer: token }),
  desktops: () => call("get", "/portal/api/desktops", {}).then((a) => a.desktops),
  start: (id: string) => call("post", "/portal/api/desktops/{id}/start", { id }),
  power: (id: string, action: PowerAction) => call("post", `/portal/api/desktops/{id}/${action}`, { id }),
  ticket: (id: string) => call("post", "/portal/api/desktops/{id}/ticket", { id }).then((a) => a.ticket),
  pools: () => call("get", "/portal/api/pools", {}).then((a) => a.pools),
  openPool: (id: string) => call("post", "/portal/api/pools/{id}/open", { id }),
  stopWaiting: (id: string) => call("delete", "/portal/api/pools/{id}/wait", { id }),
  resetDesktop: (id: string) => call("post", "/portal/api/pools/{id}/reset", { id }),
  readyForRebuild: (id: string) => call("post", "/portal/api/pools/{id}/ready", { id }),
  ping: (timeout: number) => call("get", "/portal/api/ping", {}, { timeout }),
};
