import { Button, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { addressOf, blanks, dryRunHeader, type Filled, faultOfJSON, missing, pretty, send } from "./call";
import type { Trying } from "./DocsPage";
import { OutcomeView } from "./OutcomeView";
import { changes, inOrder, type Operation, ofPortal } from "./spec";
import { useWords } from "./words";

/** kept are the values of parameters that were typed on this page: the next operation begins with them. */
const kept: Record<string, string> = {};

/** Try makes the call of an operation, as who is signed in. */
export function Try({ operation: o, trying }: { operation: Operation; trying: Trying }) {
  const t = useWords();
  const open = !o.security?.length;
  return (
    <section>
      <h2>{t("try.title")}</h2>
      {ofPortal(o) ? (
        <p className="quiet">{t("try.portal")}</p>
      ) : trying.session || open ? (
        <TryForm operation={o} trying={trying} />
      ) : (
        <div className="docs-invite">
          <p className="quiet">{t("try.signInText")}</p>
          <Button variant="light" onClick={trying.ask}>
            {t("try.signIn")}
          </Button>
        </div>
      )}
    </section>
  );
}

function TryForm({ operation: o, trying }: { operation: Operation; trying: Trying }) {
  const t = useWords();
  const content = o.requestBody?.content["application/json"];
  const upload = !!o.requestBody && !content;
  const parameters = inOrder(o.parameters ?? []).filter((p) => p.name !== dryRunHeader && p.in !== "cookie");
  const [typed, setTyped] = useState<Record<string, string>>(() => ({ ...kept }));
  const [body, setBody] = useState(() => (content?.example ? pretty(JSON.stringify(content.example)) : ""));
  const [file, setFile] = useState<File | null>(null);
  const [faults, setFaults] = useState<{ names: string[]; body: string }>({ names: [], body: "" });
  const [asking, setAsking] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const values: Record<string, string> = { project_id: trying.project, ...typed };
  const filled: Filled = { parameters: values, body: content ? body : "", file };
  const call = useMutation({
    mutationFn: (rehearse: boolean) =>
      send(o, filled, { token: trying.session?.token ?? "", hidden: t("try.hidden"), rehearse }),
  });
  const writes = changes(o);
  const rehearsable = !!o["x-dry-run"];

  /** ready says what is lacking, and puts the focus there. */
  const ready = (): boolean => {
    const names = missing(o, filled);
    const why = content ? faultOfJSON(body) : "";
    const open = content ? blanks(body) : [];
    const fault = why
      ? t("try.notJson", { why })
      : open.length > 0
        ? t("try.fill", { names: open.join(", ") })
        : "";
    setFaults({ names, body: fault });
    const first = names[0] ?? (fault ? "body" : "");
    if (first) form.current?.querySelector<HTMLElement>(`[name="${CSS.escape(first)}"]`)?.focus();
    return !first;
  };
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (call.isPending || !ready()) return;
    if (rehearsable) call.mutate(true);
    else if (writes) setAsking(true);
    else call.mutate(false);
  };
  return (
    <>
      <form ref={form} className="docs-try" onSubmit={submit} noValidate>
        {parameters.map((p) => (
          <TextInput
            key={`${p.in} ${p.name}`}
            label={<code>{p.name}</code>}
            aria-label={p.name}
            name={p.name}
            required={!!p.required}
            value={values[p.name] ?? ""}
            placeholder={p.schema?.default === undefined ? "" : String(p.schema.default)}
            error={faults.names.includes(p.name) && t("try.needs")}
            onChange={(e) => {
              const value = e.currentTarget.value;
              setTyped((was) => ({ ...was, [p.name]: value }));
              if (p.in === "path" && p.name !== "project_id") kept[p.name] = value;
            }}
            autoComplete="off"
            spellCheck={false}
            size="sm"
          />
        ))}
        {content && (
          <div className="docs-body">
            <label htmlFor="docs-body">{t("try.bodyLabel")}</label>
            <textarea
              id="docs-body"
              name="body"
              value={body}
              rows={Math.min(18, Math.max(4, body.split("\n").length + 1))}
              onChange={(e) => setBody(e.currentTarget.value)}
              spellCheck={false}
              aria-invalid={faults.body ? true : undefined}
              aria-describedby={faults.body ? "docs-body-fault" : undefined}
            />
            {faults.body && (
              <p id="docs-body-fault" className="docs-fault" role="alert">
                {faults.body}
              </p>
            )}
          </div>
        )}
        {upload && (
          <div className="docs-body">
            <label htmlFor="docs-file">{t("try.file")}</label>
            <input id="docs-file" type="file" onChange={(e) => setFile(e.currentTarget.files?.[0] ?? null)} />
          </div>
        )}
        <div className="docs-try-row">
          {rehearsable ? (
            <>
              <Button type="submit" loading={call.isPending && call.variables}>
                {t("try.rehearse")}
              </Button>
              <Button
                variant="default"
                loading={call.isPending && !call.variables}
                onClick={() => !call.isPending && ready() && setAsking(true)}
              >
                {t("try.sendReally")}
              </Button>
              <span className="small quiet">{t("try.rehearseHint")}</span>
            </>
          ) : (
            <>
              <Button type="submit" loading={call.isPending}>
                {t(writes ? "try.sendReally" : "try.send")}
              </Button>
              {writes && <span className="small quiet">{t("try.noRehearsal")}</span>}
            </>
          )}
        </div>
      </form>
      {asking && (
        <Confirm
          text={t("try.confirmText", {
            method: o.method,
            path: addressOf(o, filled),
            name: trying.session?.user ?? "",
          })}
          onRehearse={rehearsable ? () => call.mutate(true) : undefined}
          onSend={() => call.mutate(false)}
          onClose={() => setAsking(false)}
        />
      )}
      <div aria-live="polite">
        {call.isPending && <p className="small quiet">{t("try.sending")}</p>}
        {call.data && !call.isPending && <OutcomeView outcome={call.data} />}
      </div>
    </>
  );
}

interface ConfirmProps {
  text: string;
  onRehearse: (() => void) | undefined;
  onSend: () => void;
  onClose: () => void;
}

/** Confirm asks before something changes, and offers to rehearse it first. */
function Confirm({ text, onRehearse, onSend, onClose }: ConfirmProps) {
  const t = useWords();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const then = (act: () => void) => () => {
    act();
    dialog.current?.close();
  };
  return (
    <dialog ref={dialog} className="dialog docs-dialog" aria-label={t("try.confirm")} onClose={onClose}>
      <h2>{t("try.confirm")}</h2>
      <p className="docs-breaks">{text}</p>
      <div className="dialog-row">
        <Button variant="default" onClick={() => dialog.current?.close()}>
          {t("try.cancel")}
        </Button>
        {onRehearse && (
          <Button variant="light" onClick={then(onRehearse)}>
            {t("try.confirmRehearse")}
          </Button>
        )}
        <Button onClick={then(onSend)}>{t("try.send")}</Button>
      </div>
    </dialog>
  );
}
