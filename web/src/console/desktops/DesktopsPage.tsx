import { Button, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useMutation, useQueries, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, useEffect, useRef, useState } from "react";
import { useLanguage } from "../../i18n/language";
import { call } from "../api";
import { Choice } from "../Choice";
import { Link } from "../Link";
import { addressOfPlace, go, useSearch } from "../place";
import { recall, remember } from "../remembered";
import { useProject } from "../session";
import { useTitle } from "../title";
import { useWords } from "../words";
import { BulkDialog } from "./BulkDialog";
import { type Action, actions } from "./bulk";
import { type Column, chosenOf, columns } from "./columns";
import { addressOf, type Desktop, peopleOf, stateOf, tagsOf, timeOf } from "./desktop";
import { type Filters, filtersOf, isTag, noFilters, queryOf, searchOf } from "./filters";
import { State } from "./State";

const pageSize = 100;
const rowHeight = 44; // pixels, as in console.css
/** mostChosen is how many desktops can be chosen at once. */
const mostChosen = 1000;
const states = ["ACTIVE", "SHUTOFF", "HIBERNATED", "ERROR"] as const;

export default function DesktopsPage() {
  const t = useWords();
  const project = useProject();
  const search = useSearch();
  const filters = filtersOf(search);
  const [shown, setShown] = useState(() => chosenOf(recall("columns")));
  const [chosen, setChosen] = useState<ReadonlyMap<string, Desktop>>(new Map());
  const [action, setAction] = useState<Action | null>(null);
  const [total, setTotal] = useState<number>();
  useTitle(t("page.desktops"));
  const narrow = (change: Partial<Filters>) => {
    setChosen(new Map());
    go(location.pathname + searchOf({ ...filters, ...change }), { replace: true });
  };
  const all = useMutation({
    mutationFn: async () => {
      const found = new Map<string, Desktop>();
      for (let offset = 0; offset < mostChosen; offset += 500) {
        const page = await call("get", "/v2/{project_id}/desktops/detail", {
          path: { project_id: project.id },
          query: { ...asked(filters), offset, limit: 500 },
        });
        for (const d of page.desktops) found.set(d.desktop_id, d);
        if (offset + 500 >= page.total_count) break;
      }
      return found;
    },
    onSuccess: setChosen,
  });
  return (
    <main className="main main-list" id="main">
      <div className="title-row">
        <h1 tabIndex={-1}>{t("page.desktops")}</h1>
        <p className="quiet" role="status">
          {total === undefined ? "" : t("desktops.total", { n: total })}
        </p>
      </div>
      <FilterBar key={project.id} filters={filters} narrow={narrow} />
      <div className="actions-row">
        <fieldset className="actions" disabled={chosen.size === 0}>
          <legend className="for-readers">{t("desktops.actions")}</legend>
          {actions.map((a) => (
            <Button
              key={a}
              size="compact-sm"
              variant="default"
              disabled={chosen.size === 0}
              onClick={() => setAction(a)}
            >
              {t(`action.${a}`)}
            </Button>
          ))}
        </fieldset>
        <span className="small" role="status">
          {t("desktops.chosen", { n: chosen.size })}
        </span>
        {total !== undefined && total > 0 && chosen.size < Math.min(total, mostChosen) && (
          <Button size="compact-sm" variant="subtle" loading={all.isPending} onClick={() => all.mutate()}>
            {total > mostChosen
              ? t("desktops.chooseMost", { n: mostChosen })
              : t("desktops.chooseAll", { n: total })}
          </Button>
        )}
        {chosen.size > 0 && (
          <Button size="compact-sm" variant="subtle" onClick={() => setChosen(new Map())}>
            {t("desktops.chooseNone")}
          </Button>
        )}
        <ColumnChoice
          shown={shown}
          show={(ids) => {
            remember("columns", ids.join(","));
            setShown(ids);
          }}
        />
      </div>
      <DesktopList
        key={search}
        filters={filters}
        shown={columns.filter((c) => shown.includes(c.id))}
        chosen={chosen}
        setChosen={setChosen}
        setTotal={setTotal}
        narrow={narrow}
      />
      {action && (
        <BulkDialog
          action={action}
          desktops={[...chosen.values()]}
          onClose={() => {
            setAction(null);
            setChosen(new Map());
          }}
        />
      )}
    </main>
  );
}

/** asked is what the API is asked for; a tag that is still being typed narrows nothing. */
const asked = (f: Filters) => queryOf(isTag(f.tag) ? f : { ...f, tag: "" });

interface FilterBarProps {
  filters: Filters;
  narrow: (change: Partial<Filters>) => void;
}

function FilterBar({ filters, narrow }: FilterBarProps) {
  const t = useWords();
  const project = useProject();
  const path = { project_id: project.id };
  const pools = useQuery({
    queryKey: ["pools", project.id],
    queryFn: async () => (await call("get", "/v2/{project_id}/desktop-pools", { path })).desktop_pools,
    staleTime: 60_000,
  });
  const images = useQuery({
    queryKey: ["images", project.id],
    queryFn: async () => (await call("get", "/v2/{project_id}/images", { path })).images,
    staleTime: 60_000,
  });
  // What is typed counts a moment later, all at once: each field remembers what it has until then.
  const [typed, setTyped] = useState(filters);
  const later = useDebouncedCallback(
    (f: Filters) => narrow({ text: f.text, person: f.person, tag: f.tag }),
    250,
  );
  const type = (change: Partial<Filters>) => {
    const next = { ...typed, ...change };
    setTyped(next);
    later(next);
  };
  const tagIsWrong = typed.tag !== "" && !isTag(typed.tag);
  return (
    <search className="filters" aria-label={t("desktops.filters")}>
      <TextInput
        label={t("desktops.text")}
        value={typed.text}
        onChange={(e) => type({ text: e.currentTarget.value })}
        size="sm"
      />
      <Choice
        label={t("desktop.state")}
        value={filters.status}
        options={states.map((s) => [s, stateOf(s, t)])}
        choose={(status) => narrow({ status })}
      />
      <TextInput
        label={t("desktops.person")}
        value={typed.person}
        onChange={(e) => type({ person: e.currentTarget.value })}
        size="sm"
      />
      <Choice
        label={t("desktop.pool")}
        value={filters.pool}
        options={(pools.data ?? []).map((p) => [p.id, p.name])}
        choose={(pool) => narrow({ pool })}
      />
      <Choice
        label={t("desktop.image")}
        value={filters.image}
        options={(images.data ?? []).map((i) => [i.id, i.name])}
        choose={(image) => narrow({ image })}
      />
      <TextInput
        label={t("desktops.tag")}
        value={typed.tag}
        onChange={(e) => type({ tag: e.currentTarget.value })}
        error={tagIsWrong ? t("desktops.tagHint") : null}
        size="sm"
      />
      <Button
        variant="subtle"
        size="sm"
        onClick={() => {
          setTyped(noFilters);
          narrow({ ...noFilters, sort: filters.sort, order: filters.order });
        }}
      >
        {t("desktops.clear")}
      </Button>
    </search>
  );
}

function ColumnChoice({ shown, show }: { shown: Column["id"][]; show: (ids: Column["id"][]) => void }) {
  const t = useWords();
  return (
    <details className="columns">
      <summary>{t("desktops.columns")}</summary>
      <fieldset>
        <legend className="for-readers">{t("desktops.columns")}</legend>
        {columns.map((c) => (
          <label key={c.id} className="check">
            <input
              type="checkbox"
              checked={shown.includes(c.id)}
              onChange={(e) =>
                show(e.currentTarget.checked ? [...shown, c.id] : shown.filter((id) => id !== c.id))
              }
            />
            {t(c.word)}
          </label>
        ))}
      </fieldset>
    </details>
  );
}

interface ListProps {
  filters: Filters;
  shown: Column[];
  chosen: ReadonlyMap<string, Desktop>;
  setChosen: (chosen: ReadonlyMap<string, Desktop>) => void;
  setTotal: (total: number) => void;
  narrow: (change: Partial<Filters>) => void;
}

/** DesktopList has rows only for what can be seen, and asks the server for the pages that they are on. */
function DesktopList({ filters, shown, chosen, setChosen, setTotal, narrow }: ListProps) {
  const t = useWords();
  const project = useProject();
  const scrolled = useRef<HTMLDivElement>(null);
  const [count, setCount] = useState(pageSize);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scrolled.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  });
  const visible = rows.getVirtualItems();
  const pages = [...new Set([0, ...visible.map((row) => Math.floor(row.index / pageSize))])];
  const results = useQueries({
    queries: pages.map((page) => ({
      queryKey: ["desktops", project.id, filters, page],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        call("get", "/v2/{project_id}/desktops/detail", {
          path: { project_id: project.id },
          query: { ...asked(filters), offset: page * pageSize, limit: pageSize },
          signal,
        }),
      refetchInterval: 2_000,
    })),
  });
  const first = results[0];
  const total = first?.data?.total_count;
  useEffect(() => {
    if (total === undefined) return;
    setCount(total);
    setTotal(total);
  }, [total, setTotal]);
  const fault = results.find((r) => r.isError)?.error;
  if (fault)
    return (
      <p className="note note-bad" role="alert">
        {fault.message}
      </p>
    );
  if (total === 0)
    return (
      <p className="empty quiet" role="status">
        {t(searchOf(filters) ? "desktops.noneMatch" : "desktops.none")}
      </p>
    );
  const template: CSSProperties = {
    gridTemplateColumns: `44px minmax(150px, 1.6fr) minmax(110px, 1fr) ${shown.map((c) => c.width).join(" ")}`,
  };
  const at = (index: number) =>
    results[pages.indexOf(Math.floor(index / pageSize))]?.data?.desktops[index % pageSize];
  const toggle = (d: Desktop, on: boolean) => {
    const next = new Map(chosen);
    if (on && next.size < mostChosen) next.set(d.desktop_id, d);
    else next.delete(d.desktop_id);
    setChosen(next);
  };
  const sorting = (by: Filters["sort"]) =>
    filters.sort === by ? (filters.order === "ASC" ? "ascending" : "descending") : undefined;
  const sort = (by: Filters["sort"]) =>
    narrow({ sort: by, order: filters.sort === by && filters.order === "ASC" ? "DESC" : "ASC" });
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
    <section className="list" ref={scrolled} tabIndex={0} aria-label={t("page.desktops")}>
      <div
        role="table"
        aria-label={t("page.desktops")}
        aria-rowcount={count + 1}
        aria-busy={first?.isPending ?? true}
      >
        <div role="rowgroup" className="list-head">
          <div role="row" aria-rowindex={1} className="list-row" style={template}>
            <span role="columnheader" className="cell">
              <span className="for-readers">{t("desktops.choice")}</span>
            </span>
            <span role="columnheader" className="cell" aria-sort={sorting("computer_name")}>
              <Sort by={sorting("computer_name")} onClick={() => sort("computer_name")}>
                {t("desktop.name")}
              </Sort>
            </span>
            <span role="columnheader" className="cell">
              {t("desktop.state")}
            </span>
            {shown.map((c) => (
              <span
                key={c.id}
                role="columnheader"
                className="cell"
                aria-sort={c.id === "created" ? sorting("created") : undefined}
              >
                {c.id === "created" ? (
                  <Sort by={sorting("created")} onClick={() => sort("created")}>
                    {t(c.word)}
                  </Sort>
                ) : (
                  t(c.word)
                )}
              </span>
            ))}
          </div>
        </div>
        <div role="rowgroup" className="list-body" style={{ height: rows.getTotalSize() }}>
          {visible.map((row) => {
            const d = at(row.index);
            const place = { ...template, transform: `translateY(${row.start}px)` };
            return (
              <div
                key={row.key}
                role="row"
                aria-rowindex={row.index + 2}
                className="list-row list-item"
                style={place}
              >
                {d ? (
                  <Cells d={d} shown={shown} on={chosen.has(d.desktop_id)} toggle={toggle} />
                ) : (
                  <span role="cell" className="cell quiet">
                    …
                  </span>
                )}
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}

interface SortProps {
  by: "ascending" | "descending" | undefined;
  onClick: () => void;
  children: string;
}

function Sort({ by, onClick, children }: SortProps) {
  return (
    <button type="button" className="sort" onClick={onClick}>
      {children}
      <span aria-hidden="true">{by === "ascending" ? " ↑" : by === "descending" ? " ↓" : ""}</span>
    </button>
  );
}

interface CellsProps {
  d: Desktop;
  shown: Column[];
  on: boolean;
  toggle: (d: Desktop, on: boolean) => void;
}

function Cells({ d, shown, on, toggle }: CellsProps) {
  const t = useWords();
  const project = useProject();
  const { language } = useLanguage();
  const said: Record<Column["id"], string | undefined> = {
    people: peopleOf(d),
    address: addressOf(d),
    login: stateOf(d.login_status, t),
    product: d.product?.descriptions,
    system: d.os_version,
    tags: tagsOf(d),
    created: timeOf(d.created, language),
    zone: d.availability_zone,
  };
  return (
    <>
      <span role="cell" className="cell">
        <input
          type="checkbox"
          className="pick"
          checked={on}
          onChange={(e) => toggle(d, e.currentTarget.checked)}
          aria-label={t("desktops.choose", { name: d.computer_name })}
        />
      </span>
      <span role="cell" className="cell">
        <Link href={addressOfPlace(project.id, "desktops", d.desktop_id)}>{d.computer_name}</Link>
      </span>
      <span role="cell" className="cell">
        <State d={d} />
      </span>
      {shown.map((c) => (
        <span key={c.id} role="cell" className="cell" title={said[c.id]}>
          {said[c.id]}
        </span>
      ))}
    </>
  );
}
