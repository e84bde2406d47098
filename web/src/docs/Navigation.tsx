import { TextInput } from "@mantine/core";
import { type KeyboardEvent, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { addressOf } from "./place";
import { indexOf, search } from "./search";
import type { Area, Operation, Spec } from "./spec";
import { useWords } from "./words";

/** Navigation lists the operations by area. Areas are closed until somebody opens them, or searches. */
export function Navigation({ spec, current }: { spec: Spec; current: string }) {
  const t = useWords();
  const [text, setText] = useState("");
  const wanted = useDeferredValue(text.trim());
  const index = useMemo(() => indexOf(spec), [spec]);
  const areas = useMemo(() => search(spec, index, wanted), [spec, index, wanted]);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const home = spec.operations.get(current)?.tags[0];
  useEffect(() => {
    if (home) setOpened((was) => (was.has(home) ? was : new Set([...was, home])));
  }, [home]);
  useEffect(() => {
    const slash = (e: globalThis.KeyboardEvent) => {
      const typing = e.target instanceof HTMLElement && e.target.closest("input, textarea, select, dialog");
      if (e.key !== "/" || typing || e.ctrlKey || e.metaKey || e.altKey) return;
      e.preventDefault();
      field.current?.focus();
      field.current?.select();
    };
    window.addEventListener("keydown", slash);
    return () => window.removeEventListener("keydown", slash);
  }, []);
  const move = (e: KeyboardEvent) => {
    if (e.key === "Escape" && text) {
      e.preventDefault();
      setText("");
      field.current?.focus();
      return;
    }
    if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
    const stops = [field.current, ...(list.current?.querySelectorAll<HTMLElement>("a, button") ?? [])].filter(
      (s) => s !== null,
    );
    const at = stops.indexOf(document.activeElement as HTMLElement);
    const next = stops[at + (e.key === "ArrowDown" ? 1 : -1)];
    if (at < 0 || !next) return;
    e.preventDefault();
    next.focus();
  };
  const found = areas.reduce((n, a) => n + a.operations.length, 0);
  return (
    <nav className="docs-nav" aria-label={t("nav.label")} onKeyDown={move}>
      <div className="docs-search">
        <TextInput
          ref={field}
          type="search"
          label={t("nav.search")}
          description={t("nav.searchHint")}
          value={text}
          onChange={(e) => setText(e.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
        />
        <p className="small quiet" role="status">
          {wanted && (found > 0 ? t("nav.found", { n: found, total: spec.operations.size }) : t("nav.none"))}
        </p>
      </div>
      <div ref={list} className="docs-areas">
        <a
          className="docs-link docs-link-overview"
          href={addressOf("")}
          aria-current={current ? undefined : "page"}
        >
          {t("nav.overview")}
        </a>
        {areas.map((a) => (
          <AreaList
            key={a.name}
            area={a}
            current={current}
            open={wanted !== "" || opened.has(a.name)}
            onToggle={() =>
              setOpened((was) => {
                const next = new Set(was);
                if (!next.delete(a.name)) next.add(a.name);
                return next;
              })
            }
          />
        ))}
      </div>
    </nav>
  );
}

interface AreaListProps {
  area: Area;
  current: string;
  open: boolean;
  onToggle: () => void;
}

function AreaList({ area, current, open, onToggle }: AreaListProps) {
  return (
    <section className="docs-area">
      <button type="button" className="docs-area-name" aria-expanded={open} onClick={onToggle}>
        <svg className="docs-arrow" viewBox="0 0 12 12" aria-hidden="true">
          <path d="M4 2l4 4-4 4" />
        </svg>
        <span lang="en">{area.name}</span>
        <span className="docs-count">{area.operations.length}</span>
      </button>
      {open && (
        <ul lang="en">
          {area.operations.map((o) => (
            <li key={o.operationId}>
              <OperationLink operation={o} current={o.operationId === current} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function OperationLink({ operation: o, current }: { operation: Operation; current: boolean }) {
  const link = useRef<HTMLAnchorElement>(null);
  useEffect(() => {
    if (current) link.current?.scrollIntoView({ block: "nearest" });
  }, [current]);
  return (
    <a
      ref={link}
      className="docs-link"
      href={addressOf(o.operationId)}
      aria-current={current ? "page" : undefined}
    >
      <span className="docs-link-name">{o.operationId}</span>
      <span className="docs-link-summary">{o.summary}</span>
    </a>
  );
}
