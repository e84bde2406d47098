// Who calls are tried as. The token is in the memory of this page alone: no storage and no cookie has it.

export interface Project {
  id: string;
  name: string;
}

export interface Session {
  token: string;
  user: string;
  projects: Project[];
}

export interface Credentials {
  account: string;
  user: string;
  password: string;
  code: string; // of an authenticator app; empty: none
}

/** Denied is a refused sign-in. */
export class Denied extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly wait: number, // seconds
  ) {
    super(message);
  }
}

/** needsCode is the error_code of a sign-in with the password alone, of a user with an authenticator app. */
export const needsCode = "IAM.0011";

/** signIn asks for a token of the whole account, and for the projects that the user may use. It fails with Denied. */
export async function signIn(c: Credentials): Promise<Session> {
  const methods = c.code ? ["password", "totp"] : ["password"];
  const user = { name: c.user, password: c.password, domain: { name: c.account } };
  const identity = { methods, password: { user }, ...(c.code && { totp: { user: { passcode: c.code } } }) };
  const answer = await fetch("/v3/auth/tokens?nocatalog=1", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ auth: { identity } }),
    credentials: "omit",
    cache: "no-store",
  });
  const token = answer.headers.get("X-Subject-Token");
  const body = (await answer.json().catch(() => ({}))) as {
    error_code?: string;
    error_msg?: string;
    token?: { user: { name: string } };
  };
  if (!answer.ok || !token)
    throw new Denied(
      answer.status,
      body.error_code ?? "",
      body.error_msg ?? answer.statusText,
      Number(answer.headers.get("Retry-After")) || 0,
    );
  return { token, user: body.token?.user.name ?? c.user, projects: await projectsOf(token) };
}

async function projectsOf(token: string): Promise<Project[]> {
  const answer = await fetch("/v3/auth/projects", {
    headers: { "X-Auth-Token": token },
    credentials: "omit",
  });
  if (!answer.ok) return [];
  const { projects } = (await answer.json()) as { projects: Project[] };
  return projects.map(({ id, name }) => ({ id, name }));
}

/** signOut revokes a token, also while the page goes away. */
export function signOut(token: string) {
  fetch("/v3/auth/tokens", {
    method: "DELETE",
    headers: { "X-Auth-Token": token, "X-Subject-Token": token },
    credentials: "omit",
    keepalive: true,
  }).catch(() => undefined); // then it ends by itself
}
