import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useI18n } from "../i18n/provider";
import { go } from "./place";

/** Veil lies over a screen that is not shown and says how things stand; news is read out as it changes. */
export function Veil({ name, children }: { name: string; children: ReactNode }) {
  const { t } = useI18n();
  return (
    <div className="veil">
      <div className="veil-sheet">
        {name && <p className="veil-name">{name}</p>}
        <div className="veil-news" role="status">
          {children}
        </div>
        <Button variant="subtle" size="compact-md" onClick={() => go("/")}>
          {t("app.back")}
        </Button>
      </div>
    </div>
  );
}
