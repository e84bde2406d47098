import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useLanguage } from "../../i18n/language";
import { call } from "../api";
import { Facts } from "../Facts";
import { statusOf, toneOfPart } from "../jobs/JobResults";
import { Link } from "../Link";
import { addressOfPlace } from "../place";
import { useProject } from "../session";
import { useTitle } from "../title";
import { useWords } from "../words";
import { BulkDialog } from "./BulkDialog";
import { type Action, actions } from "./bulk";
import { addressOf, stateOf, tagsOf, timeOf } from "./desktop";
import { State } from "./State";

/** DesktopPage shows what is known of one desktop. */
export default function DesktopPage({ id }: { id: string }) {
  const t = useWords();
  const { language } = useLanguage();
  const project = useProject();
  const [action, setAction] = useState<Action | null>(null);
  const path = { project_id: project.id, desktop_id: id };
  const found = useQuery({
    queryKey: ["desktops", project.id, id],
    queryFn: async ({ signal }) =>
      (await call("get", "/v2/{project_id}/desktops/{desktop_id}", { path, signal })).desktop,
    refetchInterval: 2_000,
  });
  const d = found.data;
  useTitle(d?.computer_name ?? t("desktop.title"));
  const disks = d
    ? [d.root_volume, ...(d.data_volumes ?? [])].filter((v) => v !== undefined && v !== null)
    : [];
  return (
    <main className="main" id="main">
      <p className="small">
        <Link href={addressOfPlace(project.id, "desktops")}>{t("page.desktops")}</Link>
      </p>
      <div className="title-row">
        <h1 tabIndex={-1}>{d?.computer_name ?? t("desktop.title")}</h1>
        {d && <State d={d} />}
      </div>
      {found.isError && (
        <p className="note note-bad" role="alert">
          {found.error.message}
        </p>
      )}
      {d && (
        <>
          {d.fault && <p className="note note-bad">{d.fault}</p>}
          <fieldset className="actions">
            <legend className="for-readers">{t("desktops.actions")}</legend>
            {actions.map((a) => (
              <Button key={a} size="compact-sm" variant="default" onClick={() => setAction(a)}>
                {t(`action.${a}`)}
              </Button>
            ))}
          </fieldset>
          <div className="cards">
            <Card title={t("desktop.facts")}>
              <Facts
                facts={[
                  [t("desktop.login"), stateOf(d.login_status, t)],
                  [t("desktop.type"), stateOf(d.desktop_type, t)],
                  [t("desktop.product"), d.product?.descriptions],
                  [t("desktop.system"), d.os_version],
                  [t("desktop.zone"), d.availability_zone],
                  [t("desktop.tags"), tagsOf(d)],
                  [t("desktop.created"), timeOf(d.created, language)],
                  [t("desktop.id"), d.desktop_id],
                ]}
              />
            </Card>
            <Card title={t("desktop.people")}>
              {(d.attach_user_infos ?? []).length === 0 ? (
                <p className="quiet">{t("desktop.nobody")}</p>
              ) : (
                <Facts
                  facts={(d.attach_user_infos ?? []).map(
                    (u) => [u.user_name ?? "", u.user_group || stateOf(u.type, t)] as const,
                  )}
                />
              )}
            </Card>
            <Card title={t("desktop.network")}>
              <Facts
                facts={[
                  [t("desktop.address"), addressOf(d)],
                  [t("desktop.subnet"), d.subnet_id],
                  [
                    t("desktop.securityGroups"),
                    (d.security_groups ?? []).map((g) => g.name || g.id).join(", "),
                  ],
                ]}
              />
            </Card>
            <Card title={t("desktop.disks")}>
              <Table
                name={t("desktop.disks")}
                heads={[t("desktop.disk"), t("desktop.diskType"), t("desktop.size")]}
                rows={disks.map((v) => [v.display_name || v.device || "", v.type ?? "", `${v.size} GB`])}
              />
            </Card>
            <Snapshots id={id} />
          </div>
          <Actions id={id} />
          <Records id={id} />
          {action && <BulkDialog action={action} desktops={[d]} onClose={() => setAction(null)} />}
        </>
      )}
    </main>
  );
}

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="card">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

interface TableProps {
  name: string;
  heads: string[];
  rows: ReactNode[][];
}

function Table({ name, heads, rows }: TableProps) {
  const t = useWords();
  if (rows.length === 0) return <p className="quiet">{t("desktop.nothing")}</p>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className="scroll" tabIndex={0} aria-label={name}>
      <table className="table">
        <caption className="for-readers">{name}</caption>
        <thead>
          <tr>
            {heads.map((h) => (
              <th key={h} scope="col">
                {h}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no state
            <tr key={i}>
              {row.map((cell, j) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: cells are those of the heads
                <td key={j}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** Fault says why a part of the page is not there, such as for lack of a permission. */
function Fault({ error }: { error: Error | null }) {
  return error && <p className="note note-warn">{error.message}</p>;
}

function Snapshots({ id }: { id: string }) {
  const t = useWords();
  const { language } = useLanguage();
  const project = useProject();
  const found = useQuery({
    queryKey: ["snapshots", project.id, id],
    queryFn: async () =>
      (
        await call("get", "/v2/{project_id}/snapshots", {
          path: { project_id: project.id },
          query: { desktop_id: id, limit: 50 },
        })
      ).desktop_snapshots,
  });
  return (
    <Card title={t("desktop.snapshots")}>
      <Fault error={found.error} />
      {found.data && (
        <Table
          name={t("desktop.snapshots")}
          heads={[t("desktop.name"), t("desktop.state"), t("desktop.created")]}
          rows={found.data.map((s) => [
            s.snapshot_name,
            stateOf(s.status, t),
            timeOf(s.create_time, language),
          ])}
        />
      )}
    </Card>
  );
}

function Actions({ id }: { id: string }) {
  const t = useWords();
  const { language } = useLanguage();
  const project = useProject();
  const found = useQuery({
    queryKey: ["actions", project.id, id],
    queryFn: async () =>
      (
        await call("get", "/v2/{project_id}/desktops/{desktop_id}/actions", {
          path: { project_id: project.id, desktop_id: id },
          query: { limit: 50 },
        })
      ).desktop_actions,
    refetchInterval: 2_000,
  });
  return (
    <Card title={t("desktop.work")}>
      <Fault error={found.error} />
      {found.data && (
        <Table
          name={t("desktop.work")}
          heads={[
            t("record.what"),
            t("record.who"),
            t("job.status"),
            t("job.began"),
            t("job.ended"),
            t("job.cause"),
          ]}
          rows={found.data.map((a) => [
            a.action,
            a.message, // who did it
            <span key="status" className="state" data-tone={toneOfPart(a.result ?? "")}>
              {statusOf(a.result, t)}
            </span>,
            timeOf(a.start_time, language),
            timeOf(a.finish_time, language),
            a.traceback,
          ])}
        />
      )}
    </Card>
  );
}

function Records({ id }: { id: string }) {
  const t = useWords();
  const { language } = useLanguage();
  const project = useProject();
  const found = useQuery({
    queryKey: ["records", project.id, id],
    queryFn: async () =>
      (
        await call("get", "/v2/{project_id}/audit-records", {
          path: { project_id: project.id },
          query: { resource_type: "desktop", resource_id: id, limit: 50 },
        })
      ).records,
    refetchInterval: 10_000,
  });
  return (
    <Card title={t("desktop.records")}>
      <Fault error={found.error} />
      {found.data && (
        <Table
          name={t("desktop.records")}
          heads={[t("record.time"), t("record.who"), t("record.what"), t("record.result"), t("record.from")]}
          rows={found.data.map((r) => [
            timeOf(r.time, language),
            r.actor_name,
            r.operation,
            r.error_msg ? `${stateOf(r.result, t)}: ${r.error_msg}` : stateOf(r.result, t),
            r.address,
          ])}
        />
      )}
    </Card>
  );
}
