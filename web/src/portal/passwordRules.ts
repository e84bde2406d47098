/** The project's rules, if they differ from the usual. */
export interface ProjectRules {
  min_length: number;
  min_kinds: number;
}

export const usual: ProjectRules = { min_length: 8, min_kinds: 3 };

/** What a password must be, as signin.PasswordRules.Check checks it. */
export interface PasswordRules {
  length: boolean;
  kinds: boolean;
  name: boolean;
  same: boolean;
}

export function checkPassword(
  password: string,
  again: string,
  userName: string,
  project: ProjectRules = usual,
): PasswordRules {
  const size = [...password].length;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{Ll}\p{Lu}\p{Nd}]/u].filter((k) =>
    k.test(password),
  ).length;
  return {
    length: size >= project.min_length && size <= 64,
    kinds: kinds >= project.min_kinds,
    name: password !== "" && !password.toLowerCase().includes(userName.toLowerCase()),
    same: password !== "" && password === again,
  };
}

export const fulfilled = (rules: PasswordRules) => Object.values(rules).every(Boolean);
