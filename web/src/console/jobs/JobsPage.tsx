import { Button } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useLanguage } from "../../i18n/language";
import { call } from "../api";
import { Choice } from "../Choice";
import { timeOf } from "../desktops/desktop";
import { Link } from "../Link";
import { addressOfPlace, go, useSearch } from "../place";
import { useProject } from "../session";
import { useTitle } from "../title";
import { useWords } from "../words";
import { kindOf, statusOf, toneOfPart } from "./JobResults";
import { newest } from "./newest";

const pageSize = 50;
const statuses = ["WAITING", "RUNNING", "SUCCESS", "FAILED"] as const;
type Status = (typeof statuses)[number];
const kinds = ["createDesktops", "deleteDesktops", "operateDesktops", "logoffDesktops", "notifyDesktops"];

/** JobsPage lists what is being done and what was, newest first: each row is the work on one thing, of a job that may have many. */
export default function JobsPage() {
  const t = useWords();
  const { language } = useLanguage();
  const project = useProject();
  const asked = new URLSearchParams(useSearch());
  const status = statuses.find((s) => s === asked.get("status"));
  const kind = asked.get("kind") ?? "";
  const page = Math.max(0, Number.parseInt(asked.get("page") ?? "0", 10) || 0);
  useTitle(t("page.jobs"));
  const jobs = useQuery({
    queryKey: ["jobs", project.id, status, kind, page],
    queryFn: async ({ signal }) => {
      const ask = (offset: number, limit: number) =>
        call("get", "/v2/{project_id}/workspace-sub-jobs", {
          path: { project_id: project.id },
          query: { ...(status && { status: status as Status }), job_type: kind, limit, offset },
          signal,
        });
      const { total_count } = await ask(0, 1); // the list is kept oldest first
      const { offset, limit } = newest(total_count, page, pageSize);
      const jobs = limit > 0 ? (await ask(offset, limit)).jobs.toReversed() : [];
      return { jobs, total_count };
    },
    placeholderData: keepPreviousData,
    refetchInterval: 2_000,
  });
  const narrow = (change: Record<string, string>) => {
    const next = new URLSearchParams(asked);
    next.delete("page");
    for (const [name, value] of Object.entries(change)) {
      if (value) next.set(name, value);
      else next.delete(name);
    }
    go(location.pathname + (next.size > 0 ? `?${next}` : ""), { replace: true });
  };
  const total = jobs.data?.total_count ?? 0;
  return (
    <main className="main" id="main">
      <div className="title-row">
        <h1 tabIndex={-1}>{t("page.jobs")}</h1>
        <p className="quiet" role="status">
          {jobs.data ? t("jobs.total", { n: total }) : ""}
        </p>
      </div>
      <search className="filters" aria-label={t("jobs.filters")}>
        <Choice
          label={t("job.status")}
          value={status ?? ""}
          options={statuses.map((s) => [s, statusOf(s, t)])}
          choose={(s) => narrow({ status: s })}
        />
        <Choice
          label={t("job.kind")}
          value={kind}
          options={kinds.map((k) => [k, kindOf(k, t)])}
          choose={(k) => narrow({ kind: k })}
        />
      </search>
      {jobs.isError && (
        <p className="note note-bad" role="alert">
          {jobs.error.message}
        </p>
      )}
      {jobs.data && total === 0 && <p className="empty quiet">{t("jobs.none")}</p>}
      {total > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <section className="sheet-wide" tabIndex={0} aria-label={t("page.jobs")}>
          <table className="table">
            <caption className="for-readers">{t("page.jobs")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("job.kind")}</th>
                <th scope="col">{t("job.what")}</th>
                <th scope="col">{t("job.status")}</th>
                <th scope="col">{t("job.began")}</th>
                <th scope="col">{t("job.ended")}</th>
                <th scope="col">{t("job.cause")}</th>
              </tr>
            </thead>
            <tbody>
              {jobs.data?.jobs.map((j) => (
                <tr key={j.id}>
                  <td>
                    <Link href={addressOfPlace(project.id, "jobs", j.job_id)}>{kindOf(j.job_type, t)}</Link>
                  </td>
                  <td>{j.entities?.desktop_name || j.entities?.user_name || j.entity}</td>
                  <td>
                    <span className="state" data-tone={toneOfPart(j.status)}>
                      {statusOf(j.status, t)}
                    </span>
                  </td>
                  <td>{timeOf(j.begin_time, language)}</td>
                  <td>{timeOf(j.end_time, language)}</td>
                  <td>{j.fail_reason || (j.status === "RUNNING" ? j.step : "")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {total > pageSize && (
        <nav className="paging" aria-label={t("jobs.paging")}>
          <Button
            size="compact-sm"
            variant="default"
            disabled={page === 0}
            onClick={() => narrow({ page: page > 1 ? String(page - 1) : "" })}
          >
            {t("jobs.newer")}
          </Button>
          <span className="small">
            {t("jobs.range", {
              from: page * pageSize + 1,
              to: Math.min(total, (page + 1) * pageSize),
              n: total,
            })}
          </span>
          <Button
            size="compact-sm"
            variant="default"
            disabled={(page + 1) * pageSize >= total}
            onClick={() => narrow({ page: String(page + 1) })}
          >
            {t("jobs.older")}
          </Button>
        </nav>
      )}
    </main>
  );
}
