import { Button, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { useI18n } from "../i18n/provider";
import { api, type Enrolment, type Person, passing, Refusal, signedIn } from "./api";
import { Note, Sheet } from "./Frame";
import { span } from "./span";

const tokenKey = ["code-token"];

/** useCodeToken keeps what a right password has given to somebody whose code is awaited. Loading the page again forgets it. */
export function useCodeToken() {
  const queries = useQueryClient();
  const { data } = useQuery<string | null>({ queryKey: tokenKey, queryFn: () => null, enabled: false });
  return { token: data ?? null, setToken: (token: string | null) => queries.setQueryData(tokenKey, token) };
}

/** SignInCode is the second step of signing in. */
export function SignInCode({ token }: { token: string }) {
  const { t } = useI18n();
  const queries = useQueryClient();
  const { setToken } = useCodeToken();
  const [late, setLate] = useState(false);
  const signIn = useMutation({
    mutationFn: (code: string) => api.signInWithCode(token, code),
    onSuccess: (answer) => {
      if (signedIn(answer)) queries.setQueryData(["me"], answer);
      setToken(null);
    },
    onError: (e) => setLate(e instanceof Refusal && e.status === 401),
  });
  return (
    <Sheet title={t("code.title")} intro={t("code.intro")}>
      {late ? (
        <Note bad>{t("code.late")}</Note>
      ) : (
        <CodeForm
          label={t("code.field")}
          verb={t("signIn.do")}
          give={signIn.mutate}
          busy={signIn.isPending}
          error={signIn.error}
        >
          <p className="small quiet">{t("code.recoveryHint")}</p>
        </CodeForm>
      )}
      <Button variant={late ? "filled" : "subtle"} fullWidth onClick={() => setToken(null)}>
        {t("code.again")}
      </Button>
    </Sheet>
  );
}

/** Authenticator sets up codes of an app, or manages them; without onClose they must be set up. */
export function Authenticator({ me, onClose }: { me: Person; onClose?: () => void }) {
  const { t } = useI18n();
  const queries = useQueryClient();
  const [recovery, setRecovery] = useState<string[]>();
  const begin = useMutation({ mutationFn: api.beginEnrolment });
  const confirm = useMutation({
    mutationFn: api.confirmEnrolment,
    onSuccess: (a) => setRecovery(a.recovery_codes),
  });
  const leave = () => {
    queries.invalidateQueries({ queryKey: ["me"] });
    onClose?.();
  };
  if (recovery) return <RecoveryCodes codes={recovery} onClose={leave} />;
  if (me.codes?.on && onClose)
    return <Manage left={me.codes.recovery_codes_left} onNew={setRecovery} onClose={leave} />;
  const cancel = onClose && (
    <Button variant="subtle" fullWidth onClick={leave}>
      {t("password.cancel")}
    </Button>
  );
  if (begin.data)
    return (
      <Sheet title={t("code.scan")} intro={t("code.scanIntro")}>
        <Secret of={begin.data} />
        <CodeForm
          label={t("code.field")}
          verb={t("code.confirm")}
          give={confirm.mutate}
          busy={confirm.isPending}
          error={confirm.error}
        />
        {cancel}
      </Sheet>
    );
  return (
    <Sheet
      title={onClose ? t("code.manage") : t("code.must")}
      intro={onClose ? t("code.why") : t("code.mustIntro")}
    >
      <p className="quiet">{t("code.apps")}</p>
      {begin.error && <Note bad>{refused(begin.error, t)}</Note>}
      <Button size="md" fullWidth loading={begin.isPending} onClick={() => begin.mutate()}>
        {t("code.begin")}
      </Button>
      {cancel}
    </Sheet>
  );
}

/** Secret shows what the app must learn: to be scanned, opened on the same device, or typed. */
function Secret({ of }: { of: Enrolment }) {
  const { t } = useI18n();
  const groups = of.secret.match(/.{1,4}/g)?.join(" ");
  return (
    <>
      <img className="qr-code" src={of.qr_code} alt={t("code.picture")} width="220" height="220" />
      <p className="small quiet">
        {t("code.type")} <code className="secret">{groups}</code>
      </p>
      <p className="small">
        <a className="link" href={of.uri}>
          {t("code.open")}
        </a>
      </p>
    </>
  );
}

/** RecoveryCodes are seen once. */
function RecoveryCodes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const { t } = useI18n();
  const file = `data:text/plain;charset=utf-8,${encodeURIComponent(`${t("code.recovery")} (Carrel)\n\n${codes.join("\n")}\n`)}`;
  return (
    <Sheet title={t("code.recovery")} intro={t("code.recoveryIntro")}>
      <Note>{t("code.on")}</Note>
      <ul className="recovery-codes" aria-label={t("code.recovery")}>
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <Button component="a" href={file} download="carrel-recovery-codes.txt" variant="light" fullWidth>
        {t("code.save")}
      </Button>
      <Button size="md" fullWidth onClick={onClose} data-autofocus>
        {t("code.kept")}
      </Button>
    </Sheet>
  );
}

interface ManageProps {
  left: number;
  onNew: (codes: string[]) => void;
  onClose: () => void;
}

/** Manage renews recovery codes or removes the app, for who has a code. */
function Manage({ left, onNew, onClose }: ManageProps) {
  const { t } = useI18n();
  const [code, setCode] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const again = { onError: () => field.current?.select() };
  const renew = useMutation({
    mutationFn: () => api.renewRecoveryCodes(code),
    onSuccess: (a) => onNew(a.recovery_codes),
    ...again,
  });
  const remove = useMutation({
    mutationFn: () => api.removeAuthenticator(code),
    onSuccess: onClose,
    ...again,
  });
  const error = renew.error ?? remove.error;
  const act = (what: typeof renew | typeof remove) => {
    renew.reset();
    remove.reset();
    if (code.trim()) what.mutate();
    else field.current?.focus();
  };
  return (
    <Sheet title={t("code.manage")} intro={t("code.manageIntro")}>
      <p>{t("code.left", { n: left })}</p>
      <form
        className="form"
        onSubmit={(e) => {
          e.preventDefault();
          act(renew);
        }}
      >
        <CodeField ref={field} label={t("code.first")} code={code} setCode={setCode} autoFocus />
        {error && <Note bad>{refused(error, t)}</Note>}
        <Button type="submit" variant="light" fullWidth loading={renew.isPending}>
          {t("code.renew")}
        </Button>
        <Button
          variant="light"
          color="red"
          className="danger"
          fullWidth
          loading={remove.isPending}
          onClick={() => act(remove)}
        >
          {t("code.remove")}
        </Button>
      </form>
      <Button variant="subtle" fullWidth onClick={onClose}>
        {t("app.back")}
      </Button>
    </Sheet>
  );
}

interface CodeFormProps {
  label: string;
  verb: string;
  give: (code: string) => void;
  busy: boolean;
  error: Error | null;
  children?: React.ReactNode;
}

function CodeForm({ label, verb, give, busy, error, children }: CodeFormProps) {
  const { t } = useI18n();
  const [code, setCode] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    field.current?.select();
    if (code.trim() && !busy) give(code);
  };
  return (
    <form onSubmit={submit} className="form">
      <CodeField ref={field} label={label} code={code} setCode={setCode} autoFocus />
      {error && !busy && <Note bad>{refused(error, t)}</Note>}
      {children}
      <Button type="submit" size="md" fullWidth loading={busy}>
        {verb}
      </Button>
    </form>
  );
}

interface CodeFieldProps {
  ref: React.Ref<HTMLInputElement>;
  label: string;
  code: string;
  setCode: (code: string) => void;
  autoFocus?: boolean;
}

function CodeField({ ref, label, code, setCode, autoFocus = false }: CodeFieldProps) {
  return (
    <TextInput
      ref={ref}
      label={label}
      value={code}
      onChange={(e) => setCode(e.currentTarget.value)}
      name="code"
      autoComplete="one-time-code"
      autoCapitalize="none"
      spellCheck={false}
      autoFocus={autoFocus}
      size="md"
    />
  );
}

function refused(e: Error, t: ReturnType<typeof useI18n>["t"]): string {
  if (!(e instanceof Refusal)) return t("app.fault");
  if (e.status === 403) return t("code.wrong");
  if (e.status === 409) return t("code.stale");
  if (e.status === 429) return t("signIn.pause", { wait: span(e.wait, t) });
  return passing(e) ? t("app.noAnswer") : t("app.fault");
}
