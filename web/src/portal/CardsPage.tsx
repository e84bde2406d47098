import { Button } from "@mantine/core";
import { type MouseEvent, useEffect, useState } from "react";
import { useI18n } from "../i18n/provider";
import type { Card, Person } from "./api";
import { Authenticator } from "./CodePages";
import { Header } from "./Frame";
import { useDesktops, useFollowing, usePools } from "./follow";
import { ChangePassword } from "./PasswordPages";
import { Picture } from "./Picture";
import { PoolCard } from "./PoolCard";
import { PowerMenu } from "./Power";
import { go } from "./place";
import { stateOf, toneOf } from "./state";

export function CardsPage({ me }: { me: Person }) {
  const { t } = useI18n();
  const [changing, setChanging] = useState<"password" | "codes">();
  useFollowing();
  const desktops = useDesktops();
  const pools = usePools();
  const own = desktops.data?.filter((card) => !pools.data?.some((p) => p.id === card.pool_id));
  useEffect(() => {
    document.title = "Carrel";
    void import("./desk/DeskPage"); // the next page, before it is asked for
    void import("./desk/viewer");
  }, []);
  const close = () => setChanging(undefined);
  if (changing === "password") return <ChangePassword me={me} onClose={close} />;
  if (changing === "codes") return <Authenticator me={me} onClose={close} />;
  return (
    <div className="page">
      <Header me={me} onPassword={() => setChanging("password")} onCodes={() => setChanging("codes")} />
      <main className="cards-page">
        <h1>{t("cards.title")}</h1>
        {desktops.isError && (
          <p className="quiet" role="status">
            {t("app.unreachable")}
          </p>
        )}
        {own?.length === 0 && pools.data?.length === 0 && <Empty />}
        {desktops.isPending || pools.isPending ? (
          <div className="cards" aria-busy="true">
            <div className="card card-ghost" />
          </div>
        ) : (
          <ul className="cards">
            {pools.data?.map((pool) => (
              <li key={pool.id}>
                <PoolCard pool={pool} />
              </li>
            ))}
            {own?.map((card) => (
              <li key={card.id}>
                <DesktopCard card={card} />
              </li>
            ))}
          </ul>
        )}
      </main>
    </div>
  );
}

function Empty() {
  const { t } = useI18n();
  return (
    <div className="empty">
      <Picture tone="off" />
      <h2>{t("cards.none")}</h2>
      <p className="quiet">{t("cards.noneHint")}</p>
    </div>
  );
}

function DesktopCard({ card }: { card: Card }) {
  const { t } = useI18n();
  const tone = toneOf(card);
  return (
    <article className="card" data-tone={tone} aria-label={card.name}>
      <Picture tone={tone} />
      <div className="card-text">
        <h2 title={card.name}>{card.name}</h2>
        <p className="small quiet">{card.os || card.image || "\u00a0"}</p>
        <p className="state small" role="status">
          <span className="dot" aria-hidden="true" />
          {t(stateOf(card))}
        </p>
      </div>
      <CardActions card={card} />
    </article>
  );
}

/** CardActions offers what can be done with a desktop, or says why it cannot be opened. */
function CardActions({ card }: { card: Card }) {
  const { t } = useI18n();
  if (card.why) return <p className="card-actions small quiet">{t(`why.${card.why}`)}</p>;
  const asleep = card.status === "HIBERNATED";
  const verb = card.access === "open" ? "cards.open" : asleep ? "cards.resume" : "cards.start";
  const address = `/desktops/${card.id}`;
  const enter = (e: MouseEvent) => {
    if (e.ctrlKey || e.metaKey || e.shiftKey) return; // another window, says the browser
    e.preventDefault();
    go(address, card.access === "start" ? { start: true } : null);
  };
  return (
    <div className="card-actions card-actions-row">
      <Button
        component="a"
        href={address}
        onClick={enter}
        variant={card.access === "open" ? "filled" : "light"}
        aria-label={t(`${verb}Label`, { name: card.name })}
      >
        {t(verb)}
      </Button>
      <PowerMenu desktop={card} />
    </div>
  );
}
