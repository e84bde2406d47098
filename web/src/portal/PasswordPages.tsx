import { Button, PasswordInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useI18n } from "../i18n/provider";
import { api, type Person, passing, Refusal } from "./api";
import { Note, Sheet } from "./Frame";
import { checkPassword, fulfilled, type PasswordRules, type ProjectRules, usual } from "./passwordRules";
import { go } from "./place";
import { span } from "./span";

/** linkToken takes the token out of /first-password#token or /first-password/token. */
const linkToken = () => location.hash.slice(1) || location.pathname.split("/")[2] || "";

/** FirstPassword is where mailed links lead. */
export function FirstPassword() {
  const { t } = useI18n();
  const [token] = useState(linkToken);
  const queries = useQueryClient();
  const holder = useQuery({
    queryKey: ["link", token],
    queryFn: () => api.linkHolder(token),
    staleTime: Infinity,
  });
  const save = useMutation({ mutationFn: (password: string) => api.setFirstPassword(token, password) });
  const leave = () => {
    queries.removeQueries({ queryKey: ["me"] });
    go("/");
  };
  if (save.isSuccess)
    return (
      <Sheet title={t("password.first")}>
        <Note>{t("password.saved")}</Note>
        <Button size="md" fullWidth onClick={leave} data-autofocus>
          {t("password.toSignIn")}
        </Button>
      </Sheet>
    );
  if (holder.isPending)
    return (
      <Sheet title={t("password.first")}>
        <p className="quiet" role="status">
          {passing(holder.failureReason) ? t("app.unreachable") : t("app.loading")}
        </p>
      </Sheet>
    );
  if (holder.isError)
    return (
      <Sheet title={t("password.first")}>
        <Note bad>{t("password.linkUsed")}</Note>
        <Button size="md" fullWidth variant="light" onClick={leave}>
          {t("password.toSignIn")}
        </Button>
      </Sheet>
    );
  const name = holder.data.user_name;
  return (
    <Sheet title={t("password.first")} intro={t("password.firstIntro", { name })}>
      <PasswordForm
        name={name}
        project={holder.data.password_rules}
        save={(_, password) => save.mutate(password)}
        busy={save.isPending}
        error={save.error}
      />
    </Sheet>
  );
}

/** ChangePassword replaces the password of somebody who is signed in; without onClose they must. */
export function ChangePassword({ me, onClose }: { me: Person; onClose?: () => void }) {
  const { t } = useI18n();
  const queries = useQueryClient();
  const save = useMutation({
    mutationFn: ([old, password]: [string, string]) => api.changePassword(old, password),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["me"] }),
  });
  if (save.isSuccess && onClose)
    return (
      <Sheet title={t("password.change")}>
        <Note>{t("password.saved")}</Note>
        <Button size="md" fullWidth onClick={onClose} data-autofocus>
          {t("app.back")}
        </Button>
      </Sheet>
    );
  return (
    <Sheet
      title={onClose ? t("password.change") : t("password.must")}
      intro={onClose ? t("password.changeIntro") : t("password.mustIntro")}
    >
      <PasswordForm
        name={me.user_name}
        project={me.password_rules}
        withOld
        save={(old, password) => save.mutate([old, password])}
        busy={save.isPending}
        error={save.error}
      />
      {onClose && (
        <Button variant="subtle" fullWidth onClick={onClose}>
          {t("password.cancel")}
        </Button>
      )}
    </Sheet>
  );
}

interface PasswordFormProps {
  name: string;
  project?: ProjectRules | undefined;
  withOld?: boolean;
  save: (old: string, password: string) => void;
  busy: boolean;
  error: Error | null;
}

function PasswordForm({ name, project = usual, withOld = false, save, busy, error }: PasswordFormProps) {
  const { t } = useI18n();
  const [old, setOld] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const rules = checkPassword(password, again, name, project);
  const ready = fulfilled(rules) && (!withOld || old !== "");
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (ready && !busy) save(old, password);
  };
  return (
    <form onSubmit={submit} className="form">
      <input type="text" name="username" autoComplete="username" value={name} readOnly hidden />
      {withOld && (
        <PasswordInput
          label={t("password.old")}
          value={old}
          onChange={(e) => setOld(e.currentTarget.value)}
          autoComplete="current-password"
          autoFocus
          size="md"
        />
      )}
      <PasswordInput
        label={t("password.new")}
        value={password}
        onChange={(e) => setPassword(e.currentTarget.value)}
        autoComplete="new-password"
        autoFocus={!withOld}
        aria-describedby="password-rules"
        size="md"
      />
      <PasswordInput
        label={t("password.again")}
        value={again}
        onChange={(e) => setAgain(e.currentTarget.value)}
        autoComplete="new-password"
        size="md"
      />
      <Rules rules={rules} project={project} />
      {error && <Note bad>{refused(error, t)}</Note>}
      <Button type="submit" size="md" fullWidth disabled={!ready} loading={busy}>
        {t("password.save")}
      </Button>
    </form>
  );
}

function Rules({ rules, project }: { rules: PasswordRules; project: ProjectRules }) {
  const { t } = useI18n();
  const words = {
    length: t("password.rule.length", { n: project.min_length }),
    kinds: project.min_kinds > 3 ? t("password.rule.allKinds") : t("password.rule.kinds"),
    name: t("password.rule.name"),
    same: t("password.rule.same"),
  };
  return (
    <section id="password-rules" className="rules">
      <p className="small quiet">{t("password.rules")}</p>
      <ul>
        {(Object.keys(rules) as (keyof PasswordRules)[]).map((rule) => (
          <li key={rule} data-met={rules[rule]}>
            <span aria-hidden="true">{rules[rule] ? "✓" : "○"}</span>
            {words[rule]}
            <span className="for-readers">{rules[rule] ? t("password.met") : t("password.open")}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function refused(e: Error, t: ReturnType<typeof useI18n>["t"]): string {
  if (!(e instanceof Refusal)) return t("app.fault");
  if (e.status === 400) return t("password.refused", { why: e.message.replace(/^password: /, "") });
  if (e.status === 403) return t("password.oldWrong");
  if (e.status === 429) return t("signIn.pause", { wait: span(e.wait, t) });
  return passing(e) ? t("app.noAnswer") : t("app.fault");
}
