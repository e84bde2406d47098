// The portal's calls to its server, as internal/portal answers them.

export interface Person {
  user_name: string;
  account: string;
  alias?: string;
  language?: "en" | "zh";
  must_change_password: boolean;
  may_change_password: boolean;
  codes?: Codes;
}

/** Codes says whether somebody signs in with codes of an authenticator app. */
export interface Codes {
  policy: "off" | "optional" | "required";
  on: boolean;
  recovery_codes_left: number;
}

/** CodeNeeded answers a right password of somebody who uses codes. */
export interface CodeNeeded {
  code_token: string;
}

export const signedIn = (answer: Person | CodeNeeded): answer is Person => "user_name" in answer;

/** Enrolment is what an authenticator app must learn. */
export interface Enrolment {
  secret: string;
  uri: string;
  qr_code: string; // a picture's data address
}

export interface RecoveryCodes {
  recovery_codes: string[];
}

export type Access = "open" | "start" | "wait" | "shut";

export const obstacles = [
  "creating",
  "starting",
  "stopping",
  "restarting",
  "hibernating",
  "deleting",
  "preparing",
  "rebuilding",
  "busy",
  "maintenance",
  "fault",
] as const;
export type Obstacle = (typeof obstacles)[number];

/** PowerAction is what people may do to the power of a desktop of theirs that runs. */
export type PowerAction = "restart" | "stop";

export interface Card {
  id: string;
  pool_id?: string;
  name: string;
  status: string;
  task_status?: string;
  login_status: "UNREGISTER" | "REGISTERED" | "CONNECTED" | "DISCONNECTED";
  image?: string;
  os?: string;
  access: Access;
  why?: Obstacle;
  sentence?: string;
}

export const poolStates = ["yours", "waiting", "ready", "grows", "full", "maintenance"] as const;
export type PoolState = (typeof poolStates)[number];

export interface Pool {
  id: string;
  name: string;
  description?: string;
  type: "DYNAMIC" | "STATIC";
  state: PoolState;
  desktop?: Card; // of yours
  ends?: string; // of yours: when it goes back if they stay away
  waiting?: Waiting; // of waiting
  may_reset: boolean;
  reset_why_not?: string;
  rebuild?: Rebuild;
}

export interface Waiting {
  since: string;
  position: number; // 1 is the next
  ready: boolean; // open the pool now
  coming: number;
  percent: number; // of the desktop that they will probably get
  step?: string;
  paused_until?: string; // making desktops failed and is tried again then
}

export interface Rebuild {
  at: string;
  message?: string;
  ready: boolean; // they have said that they are
}

export interface Opened {
  outcome: "SAME" | "NEW" | "WAIT" | "FULL" | "SHUT";
  desktop_id?: string;
  ticket?: string; // opens the display now
  pool: Pool;
}

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

interface Call {
  body?: unknown;
  bearer?: string;
  timeout?: number; // milliseconds
}

async function call<T>(
  method: string,
  path: string,
  { body, bearer, timeout = 15_000 }: Call = {},
): Promise<T> {
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(`/portal/api/${path}`, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(timeout),
    });
    text = await response.text();
  } catch (e) {
    throw new Refusal(0, "", String(e));
  }
  const answer = parse(text);
  if (response.ok) return answer as T;
  const { error_code = "", error_msg = response.statusText, retry_after = 0 } = (answer ?? {}) as ErrorBody;
  throw new Refusal(response.status, error_code, error_msg, retry_after);
}

interface ErrorBody {
  error_code?: string;
  error_msg?: string;
  retry_after?: number;
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
    call<Person | CodeNeeded>("POST", "sign-in", { body: { user_name, password } }),
  signInWithCode: (token: string, code: string) =>
    call<Person>("POST", "sign-in/code", { body: { token, code } }),
  enter: (token: string) => call<Person | CodeNeeded>("POST", "enter", { body: { token } }),
  signOut: () => call<void>("POST", "sign-out"),
  me: () => call<Person>("GET", "me"),
  setLanguage: (language: string) => call<void>("PUT", "me/language", { body: { language } }),
  changePassword: (old_password: string, new_password: string) =>
    call<void>("PUT", "me/password", { body: { old_password, new_password } }),
  beginEnrolment: () => call<Enrolment>("POST", "me/codes"),
  confirmEnrolment: (code: string) => call<RecoveryCodes>("POST", "me/codes/confirm", { body: { code } }),
  renewRecoveryCodes: (code: string) => call<RecoveryCodes>("POST", "me/codes/recovery", { body: { code } }),
  removeAuthenticator: (code: string) => call<void>("POST", "me/codes/remove", { body: { code } }),
  linkHolder: (token: string) => call<Person>("GET", "first-password", { bearer: token }),
  setFirstPassword: (token: string, password: string) =>
    call<Person>("POST", "first-password", { bearer: token, body: { password } }),
  desktops: () => call<{ desktops: Card[] }>("GET", "desktops").then((a) => a.desktops),
  start: (id: string) => call<void>("POST", `desktops/${encodeURIComponent(id)}/start`),
  power: (id: string, action: PowerAction) =>
    call<void>("POST", `desktops/${encodeURIComponent(id)}/${action}`),
  ticket: (id: string) =>
    call<{ ticket: string }>("POST", `desktops/${encodeURIComponent(id)}/ticket`).then((a) => a.ticket),
  pools: () => call<{ pools: Pool[] }>("GET", "pools").then((a) => a.pools),
  openPool: (id: string) => call<Opened>("POST", `pools/${encodeURIComponent(id)}/open`),
  stopWaiting: (id: string) => call<void>("DELETE", `pools/${encodeURIComponent(id)}/wait`),
  resetDesktop: (poolID: string) => call<void>("POST", `pools/${encodeURIComponent(poolID)}/reset`),
  readyForRebuild: (poolID: string) => call<void>("POST", `pools/${encodeURIComponent(poolID)}/ready`),
  ping: (timeout: number) => call<void>("GET", "ping", { timeout }),
};
