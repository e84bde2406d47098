import { Tabs } from "@mantine/core";
import { useState } from "react";
import type { Operation, Sample } from "./spec";
import { type T, useWords, type WordKey } from "./words";

/** Samples shows how to make a call with each tool. */
export function Samples({ setups, operation: o }: { setups: Record<string, string>; operation: Operation }) {
  const t = useWords();
  const samples = o["x-codeSamples"] ?? [];
  const byLabel = new Map<string, Sample[]>();
  for (const s of samples) byLabel.set(s.label, [...(byLabel.get(s.label) ?? []), s]);
  const labels = [...byLabel.keys()];
  return (
    <section>
      <h2>{t("sample.title")}</h2>
      {labels.length > 0 && (
        <Tabs defaultValue={labels[0] ?? null} keepMounted={false}>
          <Tabs.List aria-label={t("sample.title")}>
            {labels.map((label) => (
              <Tabs.Tab key={label} value={label}>
                {label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {labels.map((label) => (
            <Tabs.Panel key={label} value={label} className="docs-samples">
              {byLabel.get(label)?.map((s, i) => (
                <Code key={s.source} text={s.source} label={i > 0 ? `${label} (${i + 1})` : label} />
              ))}
              <Setup text={setups[byLabel.get(label)?.[0]?.setup ?? ""]} label={label} />
            </Tabs.Panel>
          ))}
        </Tabs>
      )}
      <None labels={labels} t={t} />
    </section>
  );
}

const tools: [string, WordKey][] = [
  ["curl", "sample.noCurl"],
  ["Go", "sample.noGo"],
  ["Terraform", "sample.noTerraform"],
];

/** None says for which tools there is no example, and why. */
function None({ labels, t }: { labels: string[]; t: T }) {
  const lacking = tools.filter(([label]) => !labels.includes(label)).map(([, word]) => t(word));
  if (lacking.length === 0) return null;
  return <p className="small quiet">{t("sample.none", { tools: lacking.join(", ") })}</p>;
}

function Setup({ text, label }: { text: string | undefined; label: string }) {
  const t = useWords();
  if (!text) return null;
  return (
    <details className="docs-more">
      <summary>{t("sample.setup")}</summary>
      <Code
        text={text.replaceAll("https://carrel.example", location.origin)}
        label={`${label}: ${t("sample.setup")}`}
      />
    </details>
  );
}

/** Code is a text that can be copied. */
export function Code({ text, label }: { text: string; label: string }) {
  const t = useWords();
  const [copied, setCopied] = useState(false);
  return (
    <div className="docs-code">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it can be scrolled by keys */}
      <section className="docs-scroll" tabIndex={0} aria-label={label} lang="en">
        <pre>{text}</pre>
      </section>
      {navigator.clipboard && (
        <button
          type="button"
          className="docs-copy"
          onClick={() =>
            navigator.clipboard.writeText(text).then(
              () => setCopied(true),
              () => setCopied(false),
            )
          }
          onBlur={() => setCopied(false)}
        >
          <span aria-live="polite">{t(copied ? "sample.copied" : "sample.copy")}</span>
        </button>
      )}
    </div>
  );
}
