import { Button, Loader } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type RefObject, useEffect, useRef, useState } from "react";
import { useI18n } from "../../i18n/provider";
import { api, type Card, type PowerAction, Refusal } from "../api";
import { useDesktops, useFollowing } from "../follow";
import { useNow } from "../now";
import { RebuildNotice } from "../PoolNotice";
import { PowerDialog } from "../Power";
import { go, type Intent, takeIntent } from "../place";
import { stateOf } from "../state";
import { Veil } from "../Veil";
import { browser, type Phase, Screen } from "./screen";
import { Toolbar } from "./Toolbar";

/** DeskPage is one desktop, over the whole window. */
export default function DeskPage({ id }: { id: string }) {
  const { t } = useI18n();
  const box = useRef<HTMLDivElement>(null);
  const [wanted] = useState(takeIntent);
  const [power, setPower] = useState<PowerAction | null>(null);
  const screen = useScreen(box, id);
  const phase: Phase = screen?.phase ?? { at: "opening" };
  useFollowing(phase.at !== "shown");
  const desktops = useDesktops();
  const card = desktops.data?.find((c) => c.id === id);
  const starting = useStart(id, screen, wanted);
  const name = card?.name ?? "";
  const pool = useRef(card?.pool_id); // stays known when the desktop is no longer theirs
  pool.current = card?.pool_id ?? pool.current;
  useEffect(() => {
    document.title = name || "Carrel";
  }, [name]);
  useReopen(screen, phase, card);
  return (
    <main className="desk">
      <div ref={box} className="desk-screen" role="application" aria-label={t("desk.label", { name })} />
      {screen && <Toolbar screen={screen} name={name} shown={phase.at === "shown"} onPower={setPower} />}
      {power && <PowerDialog id={id} name={name} action={power} onClose={() => setPower(null)} />}
      {phase.at !== "shown" && (
        <Veil name={name}>
          <Situation
            phase={phase}
            card={card}
            missing={desktops.isSuccess && !card}
            starting={starting}
            screen={screen}
            pool={pool.current}
          />
        </Veil>
      )}
      {phase.at === "shown" && card?.pool_id && <RebuildNotice pool={card.pool_id} desktop={id} />}
    </main>
  );
}

/** useReopen goes on when the desktop runs: at once when it has just begun to, else with growing patience. */
function useReopen(screen: Screen | null, phase: Phase, card: Card | undefined) {
  const before = useRef(card?.access);
  const access = card?.access;
  useEffect(() => {
    const begunToRun = before.current !== undefined && before.current !== "open" && access === "open";
    before.current = access;
    if (phase.at !== "look" || access !== "open") return;
    if (begunToRun) screen?.open();
    else screen?.again();
  }, [screen, phase, access]);
}

/** useScreen makes a Screen for as long as the page is shown, and draws again when it changes. */
function useScreen(box: RefObject<HTMLDivElement | null>, id: string): Screen | null {
  const [screen, setScreen] = useState<Screen | null>(null);
  const [, redraw] = useState(0);
  useEffect(() => {
    if (!box.current) return;
    const made = new Screen(box.current, id, browser);
    made.addEventListener("change", () => redraw((n) => n + 1));
    setScreen(made);
    return () => made.close();
  }, [box, id]);
  return screen;
}

interface Starting {
  begun: number | null; // Date.now() when it was asked for; null when it was not
  accepted: boolean;
  refused: Error | null;
  start: () => void;
}

/** useStart opens the screen, after starting the desktop if that was asked for. */
function useStart(id: string, screen: Screen | null, wanted: Intent): Starting {
  const [begun, setBegun] = useState<number | null>(null);
  const queries = useQueryClient();
  const call = useMutation({
    mutationFn: () => api.start(id),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["desktops"] }),
    onError: (e) => {
      setBegun(null);
      if (e instanceof Refusal && e.status !== 409) screen?.open(); // it will say what is wrong
    },
  });
  const { mutate } = call;
  const { start: atOnce = false, ticket } = wanted;
  useEffect(() => {
    if (!screen) return;
    if (atOnce) {
      setBegun(Date.now());
      mutate();
    } else {
      screen.open(ticket);
    }
    const change = () => screen.phase.at === "shown" && setBegun(null);
    screen.addEventListener("change", change);
    return () => screen.removeEventListener("change", change);
  }, [screen, atOnce, ticket, mutate]);
  const start = () => {
    setBegun(Date.now());
    mutate();
  };
  return { begun, accepted: call.isSuccess, refused: call.error, start };
}

interface SituationProps {
  phase: Phase;
  card: Card | undefined;
  missing: boolean; // the person has no such desktop
  starting: Starting;
  screen: Screen | null;
  pool: string | undefined; // that the desktop is or was theirs in
}

/** Situation says where things stand and offers what can be done about it. */
function Situation({ phase, card, missing, starting, screen, pool }: SituationProps) {
  const over = phase.at === "ended" && (phase.why === "access" || phase.why === "gone");
  if (pool && (over || (phase.at === "look" && missing))) return <TimeOver pool={pool} />;
  if (phase.at === "ended") return <Ended why={phase.why} screen={screen} />;
  if (starting.begun !== null && card?.access !== "shut")
    return <Progress begun={starting.begun} accepted={starting.accepted} card={card} />;
  if (phase.at === "retrying") return <Retrying phase={phase} screen={screen} />;
  if (phase.at === "look" && missing) return <Ended why="gone" screen={screen} />;
  if (phase.at === "look" && card && card.access !== "open")
    return <Closed card={card} starting={starting} />;
  return <Opening />;
}

function Opening() {
  const { t } = useI18n();
  return (
    <>
      <Loader type="dots" aria-hidden="true" />
      <h1>{t("desk.opening")}</h1>
    </>
  );
}

function Progress({ begun, accepted, card }: { begun: number; accepted: boolean; card: Card | undefined }) {
  const { t } = useI18n();
  const now = useNow();
  const elapsed = Math.round((now - begun) / 1000);
  const running = accepted && card?.access === "open";
  const steps = [
    { word: "desk.step.ask", done: accepted },
    { word: "desk.step.start", done: running },
    { word: "desk.step.show", done: false },
  ] as const;
  const current = steps.findIndex((s) => !s.done);
  return (
    <>
      <h1>{t("desk.starting")}</h1>
      <ol className="steps">
        {steps.map((s, i) => (
          <li
            key={s.word}
            data-step={s.done ? "done" : i === current ? "now" : "later"}
            aria-current={i === current ? "step" : undefined}
          >
            <span className="step-mark" aria-hidden="true" />
            {t(s.word)}
          </li>
        ))}
      </ol>
      <p className="small quiet" aria-live="off">
        {elapsed > 1 ? t("desk.elapsed", { n: elapsed }) : "\u00a0"}
      </p>
    </>
  );
}

function Retrying({ phase, screen }: { phase: Phase & { at: "retrying" }; screen: Screen | null }) {
  const { t } = useI18n();
  const now = useNow();
  const wait = Math.ceil((phase.due - now) / 1000);
  return (
    <>
      <Loader type="dots" aria-hidden="true" />
      <h1>{t("desk.reconnecting")}</h1>
      <p>{t(phase.why)}</p>
      <p className="quiet">{t("desk.keepsRunning")}</p>
      {phase.attempt > 2 && (
        <>
          <p className="small quiet" aria-live="off">
            {wait > 0 ? t("desk.retryIn", { n: wait }) : "\u00a0"}
          </p>
          <Button variant="light" onClick={() => screen?.hurry()}>
            {t("desk.retryNow")}
          </Button>
        </>
      )}
    </>
  );
}

function Closed({ card, starting }: { card: Card; starting: Starting }) {
  const { t } = useI18n();
  if (card.access === "start") {
    const asleep = card.status === "HIBERNATED";
    return (
      <>
        <h1>{t(asleep ? "desk.asleep" : "desk.off")}</h1>
        <p className="quiet">{t(asleep ? "desk.asleepHint" : "desk.offHint")}</p>
        <Button size="md" onClick={starting.start} autoFocus>
          {t(asleep ? "cards.resume" : "cards.start")}
        </Button>
      </>
    );
  }
  return (
    <>
      {card.access === "wait" && <Loader type="dots" aria-hidden="true" />}
      <h1>{t("desk.wait", { state: t(stateOf(card)) })}</h1>
      {card.why && <p className="quiet">{t(`why.${card.why}`)}</p>}
    </>
  );
}

/** TimeOver says that a desktop of a pool went back to it. */
function TimeOver({ pool }: { pool: string }) {
  const { t } = useI18n();
  return (
    <>
      <h1>{t("pool.over")}</h1>
      <p className="quiet">{t("pool.overHint")}</p>
      <Button size="md" onClick={() => go(`/pools/${pool}`)} autoFocus>
        {t("pool.another")}
      </Button>
    </>
  );
}

function Ended({ why, screen }: { why: (Phase & { at: "ended" })["why"]; screen: Screen | null }) {
  const { t } = useI18n();
  const queries = useQueryClient();
  return (
    <>
      <h1>{t(`end.${why}`)}</h1>
      <p className="quiet">{t(`end.${why}Hint`)}</p>
      {why === "replaced" && (
        <Button size="md" onClick={() => screen?.open()} autoFocus>
          {t("desk.useHere")}
        </Button>
      )}
      {why === "loggedOff" && (
        <Button size="md" onClick={() => screen?.open()} autoFocus>
          {t("desk.openAgain")}
        </Button>
      )}
      {why === "access" && (
        <Button variant="light" onClick={() => screen?.open()}>
          {t("app.retry")}
        </Button>
      )}
      {why === "signedOut" && (
        <Button size="md" onClick={() => queries.invalidateQueries({ queryKey: ["me"] })} autoFocus>
          {t("end.toSignIn")}
        </Button>
      )}
    </>
  );
}
