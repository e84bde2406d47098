/** What a password must be, as workspace.CheckPassword checks it. */
export interface PasswordRules {
  length: boolean;
  kinds: boolean;
  name: boolean;
  same: boolean;
}

export function checkPassword(password: string, again: string, userName: string): PasswordRules {
  const size = [...password].length;
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\p{Nd}/u, /[^\p{Ll}\p{Lu}\p{Nd}]/u].filter((k) =>
    k.test(password),
  ).length;
  return {
    length: size >= 8 && size <= 64,
    kinds: kinds >= 3,
    name: password !== "" && !password.toLowerCase().includes(userName.toLowerCase()),
    same: password !== "" && password === again,
  };
}

export const fulfilled = (rules: PasswordRules) => Object.values(rules).every(Boolean);
