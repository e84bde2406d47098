import { useEffect, useRef } from "react";
import type { Trying } from "./DocsPage";
import { BodyFields, ParameterFields } from "./Fields";
import { fieldsOf } from "./fields";
import { addressOf } from "./place";
import { Samples } from "./Samples";
import { type Answer, type Failure, type Operation, type Permission, resolved, type Spec } from "./spec";
import { Try } from "./Try";
import { useWords } from "./words";

let shown = false; // whether an operation was shown before: the first one leaves the focus where the browser puts it

interface OperationPageProps {
  spec: Spec;
  operation: Operation;
  trying: Trying;
}

/** OperationPage tells all about an operation. */
export function OperationPage({ spec, operation: o, trying }: OperationPageProps) {
  const t = useWords();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (shown || document.activeElement !== document.body) {
      window.scrollTo(0, 0);
      heading.current?.focus({ preventScroll: true });
    }
    shown = true;
  }, []);
  return (
    <article className="docs-operation">
      <a className="docs-back small" href={addressOf("")}>
        {t("nav.all")}
      </a>
      <h1 ref={heading} tabIndex={-1} lang="en">
        {o.operationId}
        <a className="docs-anchor" href={addressOf(o.operationId)} aria-label={t("op.link")}>
          #
        </a>
      </h1>
      <p className="docs-lead" lang="en">
        {o.summary}
      </p>
      <p className="docs-call" lang="en">
        <Method name={o.method} /> <code>{o.path}</code>
      </p>
      {o.description && (
        <p className="docs-description" lang="en">
          {o.description}
        </p>
      )}
      <PermissionSection operation={o} />
      <Parameters spec={spec} operation={o} />
      <Samples setups={spec.setups} operation={o} />
      <Try key={`${o.operationId} ${trying.session?.token}`} operation={o} trying={trying} />
      <Answers spec={spec} operation={o} />
      <Failures spec={spec} operation={o} />
    </article>
  );
}

export function Method({ name }: { name: string }) {
  return (
    <span className="docs-method" data-method={name}>
      {name}
    </span>
  );
}

function PermissionSection({ operation: o }: { operation: Operation }) {
  const t = useWords();
  const p = o["x-permission"];
  const jobs = o["x-sub-jobs"] ?? [];
  const open = !o.security?.length || o.security.some((s) => Object.keys(s).length === 0);
  return (
    <section>
      <h2>{t("op.permission")}</h2>
      {p ? <PermissionList permission={p} /> : <p>{t(open ? "op.open" : "op.noAction")}</p>}
      {(o["x-dry-run"] || o["x-client-token"]) && (
        <ul className="docs-plain">
          {o["x-dry-run"] && <li>{t("op.dryRun")}</li>}
          {o["x-client-token"] && <li>{t("op.clientToken")}</li>}
        </ul>
      )}
      {jobs.length > 0 && (
        <>
          <h3>{t("op.job")}</h3>
          <p>
            {t("op.jobText")} <Codes names={jobs} />
          </p>
        </>
      )}
    </section>
  );
}

function PermissionList({ permission: p }: { permission: Permission }) {
  const t = useWords();
  return (
    <>
      <dl className="docs-pairs">
        <dt>{t("op.action")}</dt>
        <dd>
          <code>{p.action}</code> <span className="quiet">{t(`op.access.${p.access}`)}</span>
        </dd>
        <dt>{t("op.resource")}</dt>
        <dd>
          <code>{p.resource_type}</code>
        </dd>
      </dl>
      {p.own && <p className="small quiet">{t("op.own")}</p>}
      {p.dependencies && (
        <p className="small quiet">
          {t("op.dependencies")} <Codes names={p.dependencies} />
        </p>
      )}
    </>
  );
}

function Codes({ names }: { names: string[] }) {
  return names.map((name, i) => (
    <span key={name} lang="en">
      {i > 0 && ", "}
      <code>{name}</code>
    </span>
  ));
}

function Parameters({ spec, operation: o }: { spec: Spec; operation: Operation }) {
  const t = useWords();
  const contents = Object.entries(o.requestBody?.content ?? {});
  return (
    <>
      {o.parameters && o.parameters.length > 0 && (
        <section>
          <h2>{t("op.parameters")}</h2>
          <ParameterFields spec={spec} parameters={o.parameters} />
        </section>
      )}
      {contents.map(([kind, content]) => {
        const json = kind === "application/json";
        const fields = content.schema ? fieldsOf(spec, content.schema) : [];
        return (
          <section key={kind}>
            <h2>{t("op.body")}</h2>
            {!json && <p>{t("op.file")}</p>}
            {fields.length > 0 ? (
              <BodyFields fields={fields} label={t("op.body")} />
            ) : (
              json && <p>{t("op.noBody")}</p>
            )}
          </section>
        );
      })}
    </>
  );
}

function Answers({ spec, operation: o }: { spec: Spec; operation: Operation }) {
  const t = useWords();
  const good = Object.entries(o.responses).filter(([status]) => /^[12]/.test(status));
  return good.map(([status, answer]) => (
    <section key={status}>
      <h2>
        {t("op.answer")} <span className="docs-status">{status}</span>
      </h2>
      <AnswerBody spec={spec} answer={answer} />
    </section>
  ));
}

function AnswerBody({ spec, answer }: { spec: Spec; answer: Answer }) {
  const t = useWords();
  const kinds = Object.keys(answer.content ?? {});
  const json = answer.content?.["application/json"]?.schema;
  if (kinds.includes("text/event-stream")) return <p>{t("op.answerStream")}</p>;
  if (kinds.length > 0 && !json)
    return (
      <p>
        {t("op.answerFile")} <Codes names={kinds} />
      </p>
    );
  if (!json) return <p>{t("op.answerNone")}</p>;
  const fields = fieldsOf(spec, json);
  if (fields.length === 0)
    return (
      <p lang="en">
        <code>{resolved(spec, json).type ?? "any"}</code>
      </p>
    );
  return <BodyFields fields={fields} label={t("op.answer")} answer />;
}

function Failures({ spec, operation: o }: { spec: Spec; operation: Operation }) {
  const t = useWords();
  const all = (o["x-errors"] ?? [])
    .map((code) => spec.failures.get(code))
    .filter((f) => f !== undefined)
    .sort((a, b) => a.status - b.status || (a.code < b.code ? -1 : 1));
  const ofCalls = all.filter((f) => !f.sub_jobs);
  const ofJobs = all.filter((f) => f.sub_jobs);
  return (
    <section>
      {ofCalls.length > 0 && (
        <>
          <h2>{t("op.errors")}</h2>
          <FailureList failures={ofCalls} />
        </>
      )}
      {ofJobs.length > 0 && (
        <>
          <h2>{t("op.errorsOfJobs")}</h2>
          <FailureList failures={ofJobs} />
        </>
      )}
    </section>
  );
}

function FailureList({ failures }: { failures: Failure[] }) {
  const t = useWords();
  return (
    <ul className="docs-errors" lang="en">
      {failures.map((f) => (
        <li key={f.code}>
          <details>
            <summary>
              <span className="docs-status">{f.status}</span> <code>{f.code}</code> <span>{f.meaning}</span>
            </summary>
            <p>{f.remedy}</p>
            <p className="small quiet">
              {t("op.errorMessage")} {f.message}
            </p>
          </details>
        </li>
      ))}
    </ul>
  );
}
