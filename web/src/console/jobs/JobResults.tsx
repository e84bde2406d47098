import { Button } from "@mantine/core";
import type { Part } from "../desktops/bulk";
import { has, type T, useWords } from "../words";
import { useRemedies } from "./remedies";

interface JobResultsProps {
  parts: Part[];
  over: boolean;
  retry: () => void;
  retrying: boolean;
  fault: Error | null;
}

/** JobResults shows what became of each desktop, those that failed first, with the cause and what helps. */
export function JobResults({ parts, over, retry, retrying, fault }: JobResultsProps) {
  const t = useWords();
  const count = (status: Part["status"]) => parts.filter((p) => p.status === status).length;
  const failed = count("FAILED");
  const remedies = useRemedies(failed > 0);
  return (
    <>
      <p role="status" className="progress-text">
        {t(over ? "job.over" : "job.progress", { done: count("SUCCESS"), failed, all: parts.length })}
      </p>
      <progress
        max={Math.max(parts.length, 1)}
        value={count("SUCCESS") + failed}
        aria-label={t("job.progressLabel")}
      />
      {over && failed > 0 && (
        <p>
          <Button size="compact-sm" onClick={retry} loading={retrying}>
            {t("job.retry", { n: failed })}
          </Button>
        </p>
      )}
      {fault && (
        <p className="note note-bad" role="alert">
          {fault.message}
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section className="scroll" tabIndex={0} aria-label={t("job.parts")}>
        <table className="table">
          <caption className="for-readers">{t("job.parts")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("job.what")}</th>
              <th scope="col">{t("job.status")}</th>
              <th scope="col">{t("job.cause")}</th>
            </tr>
          </thead>
          <tbody>
            {parts.map((p) => (
              <tr key={p.id}>
                <td>{p.name}</td>
                <td>
                  <span className="state" data-tone={toneOfPart(p.status)}>
                    {statusOf(p.status, t)}
                  </span>
                </td>
                <td>
                  {p.reason || p.step}
                  {p.code && remedies.get(p.code) && (
                    <span className="remedy">{t("job.remedy", { remedy: remedies.get(p.code) ?? "" })}</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

export const toneOfPart = (status: string) =>
  status === "FAILED" || status === "FAIL"
    ? "bad"
    : status === "SUCCESS"
      ? "on"
      : status === "RUNNING"
        ? "moving"
        : "off";

/** statusOf says the status of a job in words. */
export function statusOf(status: string | undefined, t: T): string {
  const key = `status.${status}`;
  return has(key) ? t(key) : (status ?? "");
}

/** kindOf says the type of a job in words; one without is said as the API has it. */
export function kindOf(type: string | undefined, t: T): string {
  const key = `kind.${type}`;
  return has(key) ? t(key) : (type ?? "");
}
