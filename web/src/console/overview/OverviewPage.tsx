import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useLanguage } from "../../i18n/language";
import { call } from "../api";
import { stateOf, timeOf } from "../desktops/desktop";
import { noFilters, searchOf } from "../desktops/filters";
import { kindOf } from "../jobs/JobResults";
import { newest } from "../jobs/newest";
import { useRemedies } from "../jobs/remedies";
import { Link } from "../Link";
import { addressOfPlace } from "../place";
import { useProject } from "../session";
import { useTitle } from "../title";
import { useWords } from "../words";
import { causesOf } from "./causes";

const day = 24 * 60 * 60 * 1000;

/** OverviewPage says at a glance what there is, who is there, and what went wrong. */
export default function OverviewPage() {
  const t = useWords();
  useTitle(t("page.overview"));
  return (
    <main className="main" id="main">
      <h1 tabIndex={-1}>{t("page.overview")}</h1>
      <Desktops />
      <Pools />
      <Failures />
    </main>
  );
}

function Part({ title, error, children }: { title: string; error: Error | null; children: ReactNode }) {
  return (
    <section className="card">
      <h2>{title}</h2>
      {error && <p className="note note-warn">{error.message}</p>}
      {children}
    </section>
  );
}

function Desktops() {
  const t = useWords();
  const project = useProject();
  const found = useQuery({
    queryKey: ["statistics", project.id],
    queryFn: ({ signal }) =>
      call("get", "/v2/{project_id}/statistics", { path: { project_id: project.id }, signal }),
    refetchInterval: 2_000,
  });
  const run = found.data?.run_state_statistics;
  const login = found.data?.login_state_statistics;
  const list = (status: string) =>
    addressOfPlace(project.id, "desktops") + searchOf({ ...noFilters, status });
  return (
    <Part title={t("page.desktops")} error={found.error}>
      {run && (
        <ul className="numbers">
          {(
            [
              ["ACTIVE", run.active_num],
              ["SHUTOFF", run.stop_num],
              ["HIBERNATED", run.hibernated_num],
              ["ERROR", run.error_num],
            ] as const
          ).map(([status, n]) => (
            <li key={status} data-bad={status === "ERROR" && (n ?? 0) > 0}>
              <Link href={list(status)}>
                <span className="number">{n ?? 0}</span>
                {stateOf(status, t)}
              </Link>
            </li>
          ))}
          <li>
            <span className="number">{login?.in_use_num ?? 0}</span>
            {t("overview.connected")}
          </li>
          <li>
            <span className="number">{login?.disconnected_num ?? 0}</span>
            {t("overview.disconnected")}
          </li>
        </ul>
      )}
    </Part>
  );
}

function Pools() {
  const t = useWords();
  const project = useProject();
  const found = useQuery({
    queryKey: ["pools", project.id],
    queryFn: async ({ signal }) =>
      (await call("get", "/v2/{project_id}/desktop-pools", { path: { project_id: project.id }, signal }))
        .desktop_pools,
    refetchInterval: 5_000,
  });
  return (
    <Part title={t("overview.pools")} error={found.error}>
      {found.data?.length === 0 && <p className="quiet">{t("overview.noPools")}</p>}
      {found.data && found.data.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <section className="scroll" tabIndex={0} aria-label={t("overview.pools")}>
          <table className="table">
            <caption className="for-readers">{t("overview.pools")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("desktop.name")}</th>
                <th scope="col">{t("overview.size")}</th>
                <th scope="col">{t("overview.used")}</th>
                <th scope="col">{t("overview.free")}</th>
                <th scope="col">{t("desktop.state")}</th>
              </tr>
            </thead>
            <tbody>
              {found.data.map((p) => (
                <tr key={p.id}>
                  <td>
                    <Link
                      href={addressOfPlace(project.id, "desktops") + searchOf({ ...noFilters, pool: p.id })}
                    >
                      {p.name}
                    </Link>
                  </td>
                  <td>{p.desktop_count}</td>
                  <td>{p.desktop_used}</td>
                  <td>{Math.max(0, (p.desktop_count ?? 0) - (p.desktop_used ?? 0))}</td>
                  <td>{stateOf(p.status, t)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Part>
  );
}

function Failures() {
  const t = useWords();
  const { language } = useLanguage();
  const project = useProject();
  const found = useQuery({
    queryKey: ["failures", project.id],
    queryFn: async ({ signal }) => {
      const ask = (offset: number, limit: number) =>
        call("get", "/v2/{project_id}/workspace-sub-jobs", {
          path: { project_id: project.id },
          query: { status: "FAILED", limit, offset },
          signal,
        });
      const { total_count } = await ask(0, 1); // the list is kept oldest first
      const { offset, limit } = newest(total_count, 0, 1000);
      return limit > 0 ? (await ask(offset, limit)).jobs : [];
    },
    refetchInterval: 10_000,
  });
  const causes = causesOf(found.data ?? [], Date.now() - day);
  const remedies = useRemedies(causes.length > 0);
  return (
    <Part title={t("overview.failures")} error={found.error}>
      {found.data && causes.length === 0 && <p className="quiet">{t("overview.noFailures")}</p>}
      {causes.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
        <section className="scroll" tabIndex={0} aria-label={t("overview.failures")}>
          <table className="table">
            <caption className="for-readers">{t("overview.failures")}</caption>
            <thead>
              <tr>
                <th scope="col">{t("job.kind")}</th>
                <th scope="col">{t("overview.times")}</th>
                <th scope="col">{t("overview.last")}</th>
                <th scope="col">{t("job.cause")}</th>
              </tr>
            </thead>
            <tbody>
              {causes.map((c) => (
                <tr key={c.kind + c.code}>
                  <td>
                    <Link href={addressOfPlace(project.id, "jobs", c.job)}>{kindOf(c.kind, t)}</Link>
                  </td>
                  <td>{c.times}</td>
                  <td>{timeOf(c.last, language)}</td>
                  <td>
                    {c.reason}
                    {remedies.get(c.code) && (
                      <span className="remedy">
                        {t("job.remedy", { remedy: remedies.get(c.code) ?? "" })}
                      </span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </Part>
  );
}
