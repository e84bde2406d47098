import type { Spec } from "./spec";
import { type T, useWords, type WordKey } from "./words";

const notes = ["auth", "errors", "try", "keys"] as const;

/** Overview says what there is, and how to use this page. */
export function Overview({ spec, unknown }: { spec: Spec; unknown: string }) {
  const t = useWords();
  return (
    <article className="docs-overview">
      <h1>Carrel API</h1>
      {unknown && (
        <p className="note note-bad" role="alert">
          {t("nav.unknown", { id: unknown })}
        </p>
      )}
      <p className="docs-lead">{t("overview.intro")}</p>
      <p className="docs-facts quiet">
        {t("overview.count", { n: spec.operations.size })} · <a href="/openapi.json">{t("page.machine")}</a> ·{" "}
        <a href="/">{t("page.portal")}</a>
      </p>
      <div className="docs-notes">
        {notes.map((n) => (
          <Note key={n} title={`overview.${n}`} text={`overview.${n}Text`} t={t} />
        ))}
      </div>
    </article>
  );
}

function Note({ title, text, t }: { title: WordKey; text: WordKey; t: T }) {
  return (
    <section>
      <h2>{t(title)}</h2>
      <p>{t(text)}</p>
    </section>
  );
}
