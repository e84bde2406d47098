import { Button, Loader } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import type { MessageKey } from "../i18n";
import { useI18n } from "../i18n/provider";
import { api, type Pool, passing, Refusal, type Waiting } from "./api";
import { poolsKey, useFollowing, usePools } from "./follow";
import { useNow } from "./now";
import { useClock } from "./PoolNotice";
import { go, replace } from "./place";
import { Veil } from "./Veil";

/** PoolPage gets a desktop of a pool and shows it; whoever must wait for one sees how far things are. */
export function PoolPage({ id }: { id: string }) {
  const queries = useQueryClient();
  const pools = usePools();
  const pool = pools.data?.find((p) => p.id === id);
  const opening = useMutation({
    mutationFn: () => api.openPool(id),
    retry: (_, e) => passing(e),
    retryDelay: (n) => Math.min(500 * 2 ** n, 5000),
    onSuccess: ({ desktop_id, ticket, pool: now }) => {
      if (desktop_id && now.state !== "maintenance")
        return replace(`/desktops/${desktop_id}`, ticket ? { ticket } : null);
      queries.setQueryData<Pool[]>(poolsKey, (all) => all?.map((p) => (p.id === id ? now : p)));
    },
  });
  useFollowing();
  useEffect(() => {
    document.title = pool?.name ?? "Carrel";
  }, [pool?.name]);
  const { mutate } = opening;
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    mutate();
  }, [mutate]);
  const ready = pool?.waiting?.ready === true;
  useEffect(() => {
    if (ready) mutate();
  }, [ready, mutate]);
  return (
    <main className="desk">
      <Veil name={pool?.name ?? ""}>
        <Outlook pool={pool} refusal={opening.error} again={mutate} opened={opening.isSuccess} />
      </Veil>
    </main>
  );
}

interface OutlookProps {
  pool: Pool | undefined;
  refusal: Error | null;
  opened: boolean;
  again: () => void;
}

/** Outlook says what somebody can expect who has no desktop yet, and what they can do. */
function Outlook({ pool, refusal, opened, again }: OutlookProps) {
  const { t } = useI18n();
  if (refusal) return <Refused refusal={refusal} again={again} />;
  if (pool?.waiting && opened) return <Wait pool={pool} waiting={pool.waiting} />;
  if (opened && (pool?.state === "full" || pool?.state === "maintenance"))
    return (
      <>
        <h1>{t(`pool.state.${pool.state}`)}</h1>
        <p className="quiet">{t(`pool.hint.${pool.state}`)}</p>
        <Button variant="light" onClick={again}>
          {t("app.retry")}
        </Button>
      </>
    );
  return (
    <>
      <Loader type="dots" aria-hidden="true" />
      <h1>{t("desk.opening")}</h1>
    </>
  );
}

function Wait({ pool, waiting }: { pool: Pool; waiting: Waiting }) {
  const { t } = useI18n();
  const elapsed = Math.max(0, Math.round((useNow() - Date.parse(waiting.since)) / 1000));
  const leave = useMutation({ mutationFn: () => api.stopWaiting(pool.id), onSettled: () => go("/") });
  const { position, percent } = waiting;
  return (
    <>
      <h1>{t("pool.wait")}</h1>
      <p>{position === 1 ? t("pool.next") : t("pool.position", { n: position })}</p>
      <progress
        className="progress"
        max={100}
        value={waiting.step ? percent : undefined}
        aria-label={t("pool.wait")}
      />
      <Prospect waiting={waiting} />
      <p className="small quiet" aria-live="off">
        {t("desk.elapsed", { n: elapsed })}
      </p>
      <Button variant="light" onClick={() => leave.mutate()} loading={leave.isPending}>
        {t("pool.leave")}
      </Button>
    </>
  );
}

/** Prospect says where the desktop will come from. */
function Prospect({ waiting }: { waiting: Waiting }) {
  const { t } = useI18n();
  const clock = useClock();
  if (waiting.paused_until)
    return <p className="quiet">{t("pool.paused", { time: clock(waiting.paused_until) })}</p>;
  const word: MessageKey = waiting.step
    ? "pool.making"
    : waiting.coming >= waiting.position
      ? "pool.coming"
      : "pool.willMake";
  return <p className="quiet">{t(word)}</p>;
}

function Refused({ refusal, again }: { refusal: Error; again: () => void }) {
  const { t } = useI18n();
  const queries = useQueryClient();
  if (refusal instanceof Refusal && refusal.status === 401)
    return (
      <>
        <h1>{t("end.signedOut")}</h1>
        <Button size="md" onClick={() => queries.invalidateQueries({ queryKey: ["me"] })} autoFocus>
          {t("end.toSignIn")}
        </Button>
      </>
    );
  const gone = refusal instanceof Refusal && refusal.status === 404;
  return (
    <>
      <h1>{t(gone ? "pool.gone" : "pool.failed")}</h1>
      <p className="quiet">{t(gone ? "pool.goneHint" : "pool.failedHint")}</p>
      {!gone && (
        <Button variant="light" onClick={again}>
          {t("app.retry")}
        </Button>
      )}
    </>
  );
}
