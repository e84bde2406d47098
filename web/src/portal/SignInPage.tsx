import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useCallback, useRef, useState } from "react";
import type { MessageKey } from "../i18n";
import { useI18n } from "../i18n/provider";
import { api, passing, patient, Refusal, signedIn } from "./api";
import { SignInCode, useCodeToken } from "./CodePages";
import { Note, Sheet } from "./Frame";
import { span } from "./span";

type T = (word: MessageKey, fill?: Record<string, string | number>) => string;

const spentKey = ["spent-link"];

/** useSpentLink remembers that a link which should have signed somebody in was no good. Loading the page again forgets it. */
export function useSpentLink() {
  const queries = useQueryClient();
  const { data } = useQuery({ queryKey: spentKey, queryFn: () => false, enabled: false });
  return {
    spent: data ?? false,
    setSpent: useCallback((spent: boolean) => queries.setQueryData(spentKey, spent), [queries]),
  };
}

export function SignInPage() {
  const { t } = useI18n();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const nameField = useRef<HTMLInputElement>(null);
  const passwordField = useRef<HTMLInputElement>(null);
  const { token, setToken } = useCodeToken();
  const { spent } = useSpentLink();
  const signIn = useMutation({
    ...patient,
    mutationFn: (typed: { name: string; password: string }) => api.signIn(typed.name, typed.password),
    onSuccess: (answer) =>
      signedIn(answer) ? queries.setQueryData(["me"], answer) : setToken(answer.code_token),
    onError: () => passwordField.current?.select(),
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!name.trim()) nameField.current?.focus();
    else if (!password) passwordField.current?.focus();
    else if (!signIn.isPending) signIn.mutate({ name: name.trim(), password });
  };
  if (token) return <SignInCode token={token} />;
  return (
    <Sheet title={t("signIn.title")} intro={t("signIn.intro")}>
      <form onSubmit={submit} className="form">
        <TextInput
          ref={nameField}
          label={t("signIn.user")}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
          readOnly={signIn.isPending}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          size="md"
        />
        <PasswordInput
          ref={passwordField}
          label={t("signIn.password")}
          value={password}
          onChange={(e) => setPassword(e.currentTarget.value)}
          readOnly={signIn.isPending}
          name="password"
          autoComplete="current-password"
          size="md"
        />
        {spent && signIn.isIdle && <Note bad>{t("signIn.spent")}</Note>}
        {signIn.isPending && passing(signIn.failureReason) && <Note bad>{t("app.unreachable")}</Note>}
        {signIn.isError && <Note bad>{refused(signIn.error, t)}</Note>}
        <Button type="submit" size="md" fullWidth loading={signIn.isPending}>
          {t("signIn.do")}
        </Button>
      </form>
      <p className="small quiet">{t("signIn.help")}</p>
      {signIn.error instanceof Refusal && signIn.error.status === 401 && (
        <p className="small quiet">{t("signIn.who")}</p>
      )}
    </Sheet>
  );
}

function refused(e: Error, t: T): string {
  if (!(e instanceof Refusal)) return t("app.fault");
  switch (e.status) {
    case 401:
      return t("signIn.wrong");
    case 403:
      return t("signIn.locked");
    case 429:
      return t("signIn.pause", { wait: span(e.wait, t) });
    default:
      return t("app.fault");
  }
}
