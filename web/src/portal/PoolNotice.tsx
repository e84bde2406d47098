import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useI18n } from "../i18n/provider";
import { api, type Pool, type Rebuild } from "./api";
import { poolsKey, usePools } from "./follow";
import { useNow } from "./now";

/** useClock says a moment as people read it from a clock, with the day unless it is today. */
export function useClock(): (moment: string) => string {
  const { language } = useI18n();
  return (moment) => {
    const at = new Date(moment);
    const today = at.toDateString() === new Date().toDateString();
    const day = today ? {} : ({ month: "short", day: "numeric" } as const);
    const tag = navigator.languages.find((l) => l.startsWith(language)) ?? language; // en-GB has no PM
    return at.toLocaleString(tag, { hour: "2-digit", minute: "2-digit", ...day });
  };
}

/** useReady tells the server that somebody has saved their work. */
export function useReady(poolID: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => api.readyForRebuild(poolID),
    onSettled: () => queries.invalidateQueries({ queryKey: poolsKey }),
  });
}

/** Countdown says when a desktop is rebuilt, and lets its person have it done at once. */
export function Countdown({ pool, rebuild }: { pool: Pool; rebuild: Rebuild }) {
  const { t } = useI18n();
  const clock = useClock();
  const ready = useReady(pool.id);
  const minutes = Math.max(0, Math.ceil((Date.parse(rebuild.at) - useNow()) / 60_000));
  if (rebuild.ready) return <p>{t("rebuild.soon")}</p>;
  return (
    <>
      <p>
        <strong>{t("rebuild.at", { time: clock(rebuild.at), n: minutes })}</strong>
      </p>
      {rebuild.message && <p className="message">{rebuild.message}</p>}
      <p className="small quiet">{t("rebuild.hint")}</p>
      <Button size="compact-md" variant="default" loading={ready.isPending} onClick={() => ready.mutate()}>
        {t("rebuild.ready")}
      </Button>
    </>
  );
}

const lookEvery = 30_000; // milliseconds; the message inside the desktop comes at once

/** RebuildNotice lies over the corner of a desktop that will be rebuilt. Putting it away hides it until the last two minutes. */
export function RebuildNotice({ pool: id, desktop }: { pool: string; desktop: string }) {
  const { t } = useI18n();
  const pools = usePools(lookEvery);
  const pool = pools.data?.find((p) => p.id === id && p.desktop?.id === desktop);
  const at = pool?.rebuild?.at;
  const [away, setAway] = useState(false);
  const now = useNow();
  const last = at !== undefined && Date.parse(at) - now < 120_000;
  useEffect(() => {
    if (last) setAway(false);
  }, [last]);
  if (!pool?.rebuild || away) return null;
  return (
    <div className="notice" role="alert">
      <Countdown pool={pool} rebuild={pool.rebuild} />
      <Button size="compact-md" variant="subtle" onClick={() => setAway(true)}>
        {t("clip.close")}
      </Button>
    </div>
  );
}
