import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { call, Refusal } from "./api";
import { LanguageSwitch, Mark } from "./Frame";
import { recall, remember } from "./remembered";
import { sessionKey } from "./session";
import { type T, useWords } from "./words";

/** needsCode is the identity API's code for a correct password of somebody who has an authenticator. */
const needsCode = "IAM.0011";

export function SignInPage() {
  const t = useWords();
  const queries = useQueryClient();
  const [account, setAccount] = useState(recall("account") ?? "carrel");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [coded, setCoded] = useState(false);
  const codeField = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (coded) codeField.current?.focus();
  }, [coded]);
  useEffect(() => {
    document.title = `${t("signIn.title")} · Carrel`;
  }, [t]);
  const signIn = useMutation({
    mutationFn: () =>
      call("post", "/console/api/sign-in", {
        body: {
          account: account.trim(),
          user_name: name.trim(),
          password,
          ...(coded && { code: code.replace(/\s/g, "") }),
        },
      }),
    onSuccess: (who) => {
      remember("account", account.trim());
      queries.setQueryData(sessionKey, who);
    },
    onError: (e) => {
      if (e instanceof Refusal && e.code === needsCode && !coded) setCoded(true);
      else if (coded) codeField.current?.select();
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!signIn.isPending) signIn.mutate();
  };
  const told = signIn.error && !(coded && code === "") ? refused(signIn.error, coded, t) : "";
  return (
    <div className="page page-middle">
      <main className="sheet">
        <Mark />
        <h1>{t("signIn.title")}</h1>
        <p className="quiet">{t("signIn.intro")}</p>
        <form onSubmit={submit} className="form">
          <TextInput
            label={t("signIn.account")}
            description={t("signIn.accountHint")}
            value={account}
            onChange={(e) => setAccount(e.currentTarget.value)}
            name="account"
            autoComplete="organization"
            autoCapitalize="none"
            spellCheck={false}
            required
            withAsterisk={false}
            size="md"
          />
          <TextInput
            label={t("signIn.user")}
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            required
            withAsterisk={false}
            size="md"
          />
          <PasswordInput
            label={t("signIn.password")}
            value={password}
            onChange={(e) => setPassword(e.currentTarget.value)}
            name="password"
            autoComplete="current-password"
            required
            withAsterisk={false}
            size="md"
          />
          {coded && (
            <TextInput
              ref={codeField}
              label={t("signIn.code")}
              description={t("signIn.codeHint")}
              value={code}
              onChange={(e) => setCode(e.currentTarget.value)}
              name="code"
              inputMode="numeric"
              autoComplete="one-time-code"
              required
              withAsterisk={false}
              size="md"
            />
          )}
          {told && (
            <p className="note note-bad" role="alert">
              {told}
            </p>
          )}
          <Button type="submit" size="md" fullWidth loading={signIn.isPending}>
            {t("signIn.do")}
          </Button>
        </form>
        <p className="small quiet">
          {t("signIn.who")} <a href="/">{t("signIn.portal")}</a>
        </p>
      </main>
      <LanguageSwitch />
    </div>
  );
}

function refused(e: Error, coded: boolean, t: T): string {
  if (!(e instanceof Refusal) || e.status === 0) return t("app.noAnswer");
  switch (e.status) {
    case 401:
      return t(coded ? "signIn.wrongCode" : "signIn.wrong");
    case 429:
      return t("signIn.pause", { wait: e.wait });
    default:
      return e.message;
  }
}
