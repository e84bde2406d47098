import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Denied, needsCode, type Session, signIn } from "./session";
import { type T, useWords } from "./words";

interface SignInProps {
  onSignedIn: (session: Session) => void;
  onClose: () => void;
}

/** SignIn asks for a user of the identity API. What is typed is kept nowhere. */
export function SignIn({ onSignedIn, onClose }: SignInProps) {
  const t = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  const codeField = useRef<HTMLInputElement>(null);
  const [account, setAccount] = useState("carrel");
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [coded, setCoded] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    if (coded) codeField.current?.focus();
  }, [coded]);
  const call = useMutation({
    mutationFn: () => signIn({ account: account.trim(), user: user.trim(), password, code: code.trim() }),
    onSuccess: (session) => {
      onSignedIn(session);
      dialog.current?.close();
    },
    onError: (e) => {
      if (e instanceof Denied && e.code === needsCode) setCoded(true);
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (!call.isPending && account.trim() && user.trim() && password) call.mutate();
  };
  return (
    <dialog ref={dialog} className="dialog docs-dialog" aria-label={t("in.title")} onClose={onClose}>
      <h2>{t("in.title")}</h2>
      <p className="small quiet">{t("in.text")}</p>
      <form className="docs-sign-in" onSubmit={submit}>
        <TextInput
          label={t("in.account")}
          description={t("in.accountHint")}
          value={account}
          onChange={(e) => setAccount(e.currentTarget.value)}
          name="account"
          autoComplete="organization"
          autoCapitalize="none"
          spellCheck={false}
        />
        <TextInput
          data-autofocus
          autoFocus
          label={t("in.user")}
          value={user}
          onChange={(e) => setUser(e.currentTarget.value)}
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
        />
        <PasswordInput
          label={t("in.password")}
          value={password}
          onChange={(e) => setPassword(e.currentTarget.value)}
          name="password"
          autoComplete="current-password"
        />
        {coded && (
          <TextInput
            ref={codeField}
            label={t("in.code")}
            value={code}
            onChange={(e) => setCode(e.currentTarget.value)}
            name="code"
            inputMode="numeric"
            autoComplete="one-time-code"
          />
        )}
        {call.isError && (
          <p className="note note-bad" role="alert">
            {refused(call.error, code !== "", t)}
          </p>
        )}
        <div className="dialog-row">
          <Button variant="default" onClick={() => dialog.current?.close()}>
            {t("in.cancel")}
          </Button>
          <Button type="submit" loading={call.isPending}>
            {t("in.do")}
          </Button>
        </div>
      </form>
    </dialog>
  );
}

function refused(e: Error, withCode: boolean, t: T): string {
  if (!(e instanceof Denied)) return t("in.failed", { why: e.message });
  if (e.code === needsCode) return t("in.needsCode");
  if (e.status === 401) return t(withCode ? "in.wrongCode" : "in.wrong");
  if (e.status === 429) return t("in.wait", { n: e.wait });
  return t("in.failed", { why: e.message });
}
