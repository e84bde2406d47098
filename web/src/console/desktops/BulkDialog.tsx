import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { call } from "../api";
import { Dialog } from "../Dialog";
import { JobResults } from "../jobs/JobResults";
import { useProject } from "../session";
import { useWords } from "../words";
import { type Action, connectedOf, isOver, partsDone, partsOf, type Refused } from "./bulk";
import { type Desktop, peopleOf, stateOf } from "./desktop";

interface BulkDialogProps {
  action: Action;
  desktops: Desktop[];
  onClose: () => void;
}

/** Order is what one asks for besides the desktops. */
interface Order {
  message: string;
  force: boolean;
  users: boolean;
}

interface Outcome {
  jobs: string[];
  refused: Refused[];
  unsent: number; // desktops that were not ordered, because of fault
  fault: string;
}

/** order sends the part of an action that one call takes. A dry run changes nothing. */
async function order(project: string, action: Action, ids: string[], o: Order, dryRun: boolean) {
  const path = { project_id: project };
  switch (action) {
    case "start":
    case "stop":
    case "restart": {
      const op_type = ({ start: "os-start", stop: "os-stop", restart: "reboot" } as const)[action];
      const type = o.force ? "HARD" : "SOFT";
      return call("post", "/v2/{project_id}/desktops/action", {
        path,
        body: { desktop_ids: ids, op_type, type },
        dryRun,
      });
    }
    case "message":
      return call("post", "/v2/{project_id}/desktops/notifications", {
        path,
        body: { desktop_ids: ids, notifications: o.message || "…" },
        dryRun,
      });
    case "logoff":
      return call("post", "/v2/{project_id}/desktops/logoff", { path, body: { desktop_ids: ids }, dryRun });
    case "delete":
      return call("post", "/v2/{project_id}/desktops/batch-delete", {
        path,
        body: { desktop_ids: ids, delete_users: o.users, is_force_delete: o.force },
        dryRun,
      });
  }
}

interface Ordered {
  job_id?: string;
  failed_operation_list?: { desktop_id?: string; desktop_name?: string; error_msg?: string }[];
}

async function orderAll(
  project: string,
  action: Action,
  desktops: Desktop[],
  o: Order,
  dryRun: boolean,
): Promise<Outcome> {
  const done: Outcome = { jobs: [], refused: [], unsent: 0, fault: "" };
  for (const part of partsOf(desktops)) {
    if (done.fault) {
      done.unsent += part.length;
      continue;
    }
    try {
      const ids = part.map((d) => d.desktop_id);
      const answer = ((await order(project, action, ids, o, dryRun)) ?? {}) as Ordered;
      if (answer.job_id) done.jobs.push(answer.job_id);
      for (const f of answer.failed_operation_list ?? []) {
        const id = f.desktop_id ?? "";
        done.refused.push({ id, name: f.desktop_name || id, reason: f.error_msg ?? "" });
      }
    } catch (e) {
      done.fault = e instanceof Error ? e.message : String(e);
      done.unsent += part.length;
    }
  }
  return done;
}

/** BulkDialog shows who is hit, orders an action, and then how far it is with each desktop. */
export function BulkDialog({ action, desktops, onClose }: BulkDialogProps) {
  const t = useWords();
  const project = useProject();
  const queries = useQueryClient();
  const [asked, setAsked] = useState<Order>({ message: "", force: false, users: false });
  const [sure, setSure] = useState(action !== "delete");
  const send = useMutation({
    mutationFn: () => orderAll(project.id, action, desktops, asked, false),
    onSettled: () => queries.invalidateQueries({ queryKey: ["desktops"] }),
  });
  const title = t(`bulk.${action}`, { n: desktops.length });
  if (send.data)
    return (
      <Dialog title={title} onClose={onClose} wide>
        <Results outcome={send.data} desktops={desktops} />
        <div className="dialog-row">
          <Button onClick={onClose}>{t("bulk.close")}</Button>
        </div>
      </Dialog>
    );
  const ready = sure && (action !== "message" || asked.message.trim() !== "");
  return (
    <Dialog title={title} onClose={onClose} wide>
      {action === "message" && (
        <TextInput
          mt="sm"
          label={t("bulk.text")}
          value={asked.message}
          onChange={(e) => setAsked({ ...asked, message: e.currentTarget.value })}
          maxLength={1024}
          autoFocus
        />
      )}
      {(action === "stop" || action === "restart" || action === "delete") && (
        <Check on={asked.force} set={(force) => setAsked({ ...asked, force })}>
          {t(action === "delete" ? "bulk.forceDelete" : "bulk.force")}
        </Check>
      )}
      {action === "delete" && (
        <>
          <Check on={asked.users} set={(users) => setAsked({ ...asked, users })}>
            {t("bulk.users")}
          </Check>
          <Check on={sure} set={setSure}>
            {t("bulk.sure")}
          </Check>
        </>
      )}
      <Preview action={action} desktops={desktops}>
        {(allowed) => (
          <div className="dialog-row">
            <Button variant="default" onClick={onClose}>
              {t("bulk.cancel")}
            </Button>
            <Button disabled={!ready || !allowed} loading={send.isPending} onClick={() => send.mutate()}>
              {t(`action.${action}`)}
            </Button>
          </div>
        )}
      </Preview>
    </Dialog>
  );
}

function Check({ on, set, children }: { on: boolean; set: (on: boolean) => void; children: string }) {
  return (
    <label className="check">
      <input type="checkbox" checked={on} onChange={(e) => set(e.currentTarget.checked)} />
      {children}
    </label>
  );
}

interface PreviewProps {
  action: Action;
  desktops: Desktop[];
  children: (allowed: boolean) => React.ReactNode;
}

/** Preview rehearses an action: it shows the desktops with who is there, and what would be refused and why. */
function Preview({ action, desktops, children }: PreviewProps) {
  const t = useWords();
  const project = useProject();
  const rehearsed = useQuery({
    queryKey: ["rehearsal", project.id, action, desktops.map((d) => d.desktop_id)],
    queryFn: () => orderAll(project.id, action, desktops, { message: "", force: false, users: false }, true),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const refused = new Map((rehearsed.data?.refused ?? []).map((r) => [r.id, r.reason]));
  const fault = rehearsed.data?.fault || rehearsed.error?.message || "";
  const present = connectedOf(desktops).length;
  return (
    <>
      {present > 0 && action !== "message" && action !== "start" && (
        <p className="note note-warn">{t("bulk.present", { n: present })}</p>
      )}
      {fault && (
        <p className="note note-bad" role="alert">
          {t("bulk.refusedWhole", { reason: fault })}
        </p>
      )}
      {refused.size > 0 && <p className="note note-warn">{t("bulk.refused", { n: refused.size })}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <section className="scroll" tabIndex={0} aria-label={t("bulk.hit")}>
        <table className="table">
          <caption className="for-readers">{t("bulk.hit")}</caption>
          <thead>
            <tr>
              <th scope="col">{t("desktop.name")}</th>
              <th scope="col">{t("desktop.state")}</th>
              <th scope="col">{t("desktop.people")}</th>
              <th scope="col">{t("bulk.remark")}</th>
            </tr>
          </thead>
          <tbody>
            {[...desktops]
              .sort((a, b) => Number(refused.has(b.desktop_id)) - Number(refused.has(a.desktop_id)))
              .map((d) => (
                <tr key={d.desktop_id}>
                  <td>{d.computer_name}</td>
                  <td>{stateOf(d.status, t)}</td>
                  <td>{peopleOf(d)}</td>
                  <td>
                    {refused.get(d.desktop_id) ?? (d.login_status === "CONNECTED" ? t("bulk.inUse") : "")}
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      </section>
      {children(rehearsed.isSuccess && !fault && refused.size < desktops.length)}
    </>
  );
}

/** Results follows the jobs until each desktop is done, and offers to try those again that failed. */
function Results({ outcome, desktops }: { outcome: Outcome; desktops: Desktop[] }) {
  const t = useWords();
  const project = useProject();
  const queries = useQueryClient();
  const [stopped, setStopped] = useState(false);
  const jobs = useQueries({
    queries: outcome.jobs.map((job) => ({
      queryKey: ["sub-jobs", project.id, job],
      queryFn: async () =>
        (
          await call("get", "/v2/{project_id}/workspace-sub-jobs", {
            path: { project_id: project.id },
            query: { job_id: job, limit: 1000 },
          })
        ).jobs,
      refetchInterval: stopped ? (false as const) : 1_000,
    })),
  });
  const names = new Map(desktops.map((d) => [d.desktop_id, d.computer_name]));
  const parts = partsDone(
    jobs.flatMap((j) => j.data ?? []),
    names,
  );
  const over = jobs.every((j) => j.isSuccess) && isOver(parts);
  useEffect(() => {
    setStopped(over);
    if (over) queries.invalidateQueries({ queryKey: ["desktops"] });
  }, [over, queries]);
  const retry = useMutation({
    mutationFn: async () => {
      const failed = outcome.jobs.filter((_, i) => jobs[i]?.data?.some((s) => s.status === "FAILED"));
      for (const job of failed)
        await call("post", "/v2/{project_id}/workspace-jobs/{job_id}/actions", {
          path: { project_id: project.id, job_id: job },
          body: { op_type: "retry" },
        });
    },
    onSettled: () => {
      setStopped(false);
      return queries.invalidateQueries({ queryKey: ["sub-jobs"] });
    },
  });
  return (
    <>
      {outcome.fault && (
        <p className="note note-bad" role="alert">
          {t("bulk.unsent", { n: outcome.unsent, reason: outcome.fault })}
        </p>
      )}
      {outcome.refused.length > 0 && (
        <>
          <p className="note note-warn">{t("bulk.refused", { n: outcome.refused.length })}</p>
          <ul className="reasons">
            {outcome.refused.map((r) => (
              <li key={r.id}>
                {names.get(r.id) ?? r.name}: {r.reason}
              </li>
            ))}
          </ul>
        </>
      )}
      {outcome.jobs.length === 0 ? (
        !outcome.fault && <p role="status">{t("bulk.ordered")}</p>
      ) : (
        <JobResults
          parts={parts}
          over={over}
          retry={() => retry.mutate()}
          retrying={retry.isPending}
          fault={retry.error}
        />
      )}
    </>
  );
}
