import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type MouseEvent, useRef } from "react";
import type { MessageKey } from "../i18n";
import { useI18n } from "../i18n/provider";
import { api, type Pool } from "./api";
import { poolsKey } from "./follow";
import { Picture } from "./Picture";
import { Countdown, useClock } from "./PoolNotice";
import { PowerMenu } from "./Power";
import { go } from "./place";
import { stateOf, type Tone, toneOf } from "./state";

/** PoolCard is a pool as one of its people sees it: a single thing to open, whichever desktop comes out. */
export function PoolCard({ pool }: { pool: Pool }) {
  const { t } = useI18n();
  const tone = toneOfPool(pool);
  return (
    <article className="card" data-tone={tone} aria-label={pool.name}>
      <Picture tone={tone} />
      <div className="card-text">
        <h2 title={pool.name}>{pool.name}</h2>
        <p className="small quiet">{pool.description || t(`pool.type.${pool.type}`)}</p>
        <p className="state small" role="status">
          <span className="dot" aria-hidden="true" />
          {t(stateOfPool(pool))}
        </p>
        <Kept pool={pool} />
        {pool.rebuild && (
          <div className="note note-rebuild" role="status">
            <Countdown pool={pool} rebuild={pool.rebuild} />
          </div>
        )}
      </div>
      <CardActions pool={pool} />
    </article>
  );
}

function stateOfPool(pool: Pool): MessageKey {
  return pool.desktop && pool.state === "yours" ? stateOf(pool.desktop) : `pool.state.${pool.state}`;
}

function toneOfPool(pool: Pool): Tone {
  if (pool.desktop && pool.state === "yours") return toneOf(pool.desktop);
  return pool.state === "ready" ? "on" : pool.state === "waiting" ? "moving" : "off";
}

/** Kept names the desktop that somebody has in the pool, and until when. */
function Kept({ pool }: { pool: Pool }) {
  const { t } = useI18n();
  const clock = useClock();
  if (!pool.desktop || pool.state !== "yours") return null;
  const { name } = pool.desktop;
  return (
    <p className="small quiet">
      {pool.ends ? t("pool.until", { name, time: clock(pool.ends) }) : t("pool.has", { name })}
    </p>
  );
}

function CardActions({ pool }: { pool: Pool }) {
  const { t } = useI18n();
  const why = pool.state === "yours" ? pool.desktop?.why : undefined;
  if (why) return <p className="card-actions small quiet">{t(`why.${why}`)}</p>;
  if (pool.state === "maintenance")
    return <p className="card-actions small quiet">{t("pool.hint.maintenance")}</p>;
  const address = `/pools/${pool.id}`;
  const enter = (e: MouseEvent) => {
    if (e.ctrlKey || e.metaKey || e.shiftKey) return; // another window, says the browser
    e.preventDefault();
    go(address);
  };
  return (
    <div className="card-actions card-actions-rows">
      <div className="card-actions-row">
        <Button
          component="a"
          href={address}
          onClick={enter}
          variant={pool.state === "yours" || pool.state === "ready" ? "filled" : "light"}
          aria-label={t("cards.openLabel", { name: pool.name })}
        >
          {t(pool.state === "waiting" ? "pool.look" : "cards.open")}
        </Button>
        {pool.state === "yours" && pool.desktop && <PowerMenu desktop={pool.desktop} />}
      </div>
      {pool.may_reset && <Reset pool={pool} />}
    </div>
  );
}

/** Reset makes the desktop as fresh as its image, once the person has understood what that means. */
function Reset({ pool }: { pool: Pool }) {
  const { t } = useI18n();
  const queries = useQueryClient();
  const dialog = useRef<HTMLDialogElement>(null);
  const reset = useMutation({
    mutationFn: () => api.resetDesktop(pool.id),
    onSuccess: () => {
      dialog.current?.close();
      return queries.invalidateQueries({ queryKey: poolsKey });
    },
  });
  return (
    <>
      <Button variant="subtle" onClick={() => dialog.current?.showModal()}>
        {t("reset.ask")}
      </Button>
      <dialog ref={dialog} className="dialog" aria-label={t("reset.title")}>
        <h2>{t("reset.title")}</h2>
        <p>{t("reset.hint")}</p>
        {reset.isError && (
          <p className="note note-bad" role="alert">
            {t("reset.refused")}
          </p>
        )}
        <div className="dialog-row">
          <Button variant="default" onClick={() => dialog.current?.close()}>
            {t("password.cancel")}
          </Button>
          <Button color="red" variant="light" loading={reset.isPending} onClick={() => reset.mutate()}>
            {t("reset.do")}
          </Button>
        </div>
      </dialog>
    </>
  );
}
