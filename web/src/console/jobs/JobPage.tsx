import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useLanguage } from "../../i18n/language";
import { call } from "../api";
import { isOver, partsDone } from "../desktops/bulk";
import { timeOf } from "../desktops/desktop";
import { Facts } from "../Facts";
import { Link } from "../Link";
import { addressOfPlace } from "../place";
import { useProject } from "../session";
import { useTitle } from "../title";
import { useWords } from "../words";
import { JobResults, kindOf, statusOf } from "./JobResults";

const noNames: ReadonlyMap<string, string> = new Map();

/** JobPage shows one job with all that it consists of. */
export default function JobPage({ id }: { id: string }) {
  const t = useWords();
  const { language } = useLanguage();
  const project = useProject();
  const queries = useQueryClient();
  const path = { project_id: project.id, job_id: id };
  const job = useQuery({
    queryKey: ["job", project.id, id],
    queryFn: ({ signal }) => call("get", "/v2/{project_id}/workspace-jobs/{job_id}", { path, signal }),
    refetchInterval: (query) =>
      query.state.data && query.state.data.status !== "RUNNING" && query.state.data.status !== "WAITING"
        ? 10_000
        : 1_000,
  });
  const subJobs = useQuery({
    queryKey: ["sub-jobs", project.id, id],
    queryFn: async ({ signal }) =>
      (
        await call("get", "/v2/{project_id}/workspace-sub-jobs", {
          path: { project_id: project.id },
          query: { job_id: id, limit: 1000 },
          signal,
        })
      ).jobs,
    refetchInterval: (query) =>
      query.state.data && isOver(partsDone(query.state.data, noNames)) ? 10_000 : 1_000,
  });
  const retry = useMutation({
    mutationFn: () =>
      call("post", "/v2/{project_id}/workspace-jobs/{job_id}/actions", { path, body: { op_type: "retry" } }),
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["job"] }),
        queries.invalidateQueries({ queryKey: ["sub-jobs"] }),
      ]),
  });
  const title = job.data ? kindOf(job.data.job_type, t) : t("job.title");
  useTitle(title);
  const parts = partsDone(subJobs.data ?? [], noNames);
  const fault = job.error ?? subJobs.error;
  return (
    <main className="main" id="main">
      <p className="small">
        <Link href={addressOfPlace(project.id, "jobs")}>{t("page.jobs")}</Link>
      </p>
      <h1 tabIndex={-1}>{title}</h1>
      {fault && (
        <p className="note note-bad" role="alert">
          {fault.message}
        </p>
      )}
      {job.data && (
        <Facts
          facts={[
            [t("job.status"), statusOf(job.data.status, t)],
            [t("job.began"), timeOf(job.data.begin_time, language)],
            [t("job.ended"), timeOf(job.data.end_time, language)],
            [t("job.cause"), job.data.fail_reason],
            [t("job.id"), id],
          ]}
        />
      )}
      {subJobs.data && (
        <div className="card">
          <h2>{t("job.parts")}</h2>
          <JobResults
            parts={parts}
            over={isOver(parts)}
            retry={() => retry.mutate()}
            retrying={retry.isPending}
            fault={retry.error}
          />
        </div>
      )}
    </main>
  );
}
