import { Button } from "@mantine/core";
import type { Outcome } from "./call";
import { Code } from "./Samples";
import { useWords } from "./words";

const longest = 100_000; // characters

/** OutcomeView shows what was sent and what came of it. */
export function OutcomeView({ outcome: o }: { outcome: Outcome }) {
  const t = useWords();
  if (o.status === 0)
    return (
      <p className="note note-bad" role="alert">
        {t("try.noAnswer", { why: o.reason })}
      </p>
    );
  const status = `${o.status} ${o.reason}`.trim();
  return (
    <div className="docs-outcome" data-good={o.status < 400}>
      <p className="docs-outcome-status">
        <strong>{t("try.answered", { status, ms: o.milliseconds })}</strong>
        {o.rehearsed && <span> {t("try.rehearsed")}</span>}
      </p>
      <p className="small quiet">
        {t("try.requestID")} <code>{o.requestID}</code>
      </p>
      <details className="docs-more">
        <summary>{t("try.request")}</summary>
        <Code label={t("try.request")} text={requestText(o)} />
      </details>
      <details className="docs-more">
        <summary>{t("try.headers")}</summary>
        <Code label={t("try.headers")} text={lines(o.headers)} />
      </details>
      <h3>{t("try.bodyShown")}</h3>
      {o.text ? (
        <>
          <Code label={t("try.bodyShown")} text={o.text.slice(0, longest)} />
          {o.text.length > longest && <p className="small quiet">{t("try.long", { n: longest })}</p>}
        </>
      ) : (
        <p className="small quiet">{o.file ? t("try.savedAs", { n: o.file.size }) : t("try.noBody")}</p>
      )}
      {(o.file || o.text.length > longest) && (
        <Button size="xs" variant="default" onClick={() => save(o)}>
          {t("try.save")}
        </Button>
      )}
    </div>
  );
}

const lines = (headers: [string, string][]) => headers.map(([name, value]) => `${name}: ${value}`).join("\n");

function requestText({ request: r }: Outcome): string {
  return `${r.method} ${r.url}\n${lines(r.headers)}${r.body ? `\n\n${r.body}` : ""}`.trim();
}

/** save gives the body to the browser as a download. */
function save(o: Outcome) {
  const address = URL.createObjectURL(o.file ?? new Blob([o.text], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = o.fileName || "answer.json";
  link.click();
  URL.revokeObjectURL(address);
}
