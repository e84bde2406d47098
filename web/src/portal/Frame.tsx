import { ActionIcon, Menu, UnstyledButton } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { catalogues, languages } from "../i18n";
import { useI18n } from "../i18n/provider";
import { api, type Person } from "./api";

/** plainMenu keeps a menu where its button is, in the same landmark, with nothing in it but its items. */
export const plainMenu = { withinPortal: false, withInitialFocusPlaceholder: false } as const;

export function Mark() {
  return (
    <span className="mark">
      <img src="/carrel.svg" alt="" width="28" height="28" />
      Carrel
    </span>
  );
}

/** LanguageSwitch offers the other languages, each by its own name. */
export function LanguageSwitch({ signedIn = false }: { signedIn?: boolean }) {
  const { language, setLanguage, t } = useI18n();
  return (
    <nav className="languages" aria-label={t("lang.choose")}>
      {languages.map((l) => (
        <UnstyledButton
          key={l}
          lang={l}
          className="language"
          aria-pressed={l === language}
          onClick={() => {
            setLanguage(l);
            if (signedIn) api.setLanguage(l).catch(() => undefined); // this browser remembers in any case
          }}
        >
          {catalogues[l]["lang.name"]}
        </UnstyledButton>
      ))}
    </nav>
  );
}

/** Sheet is a page with one thing on it. */
export function Sheet({ title, intro, children }: { title: string; intro?: string; children: ReactNode }) {
  return (
    <div className="page page-middle">
      <main className="sheet">
        <Mark />
        <h1>{title}</h1>
        {intro && <p className="quiet">{intro}</p>}
        {children}
      </main>
      <LanguageSwitch />
    </div>
  );
}

interface HeaderProps {
  me: Person;
  onPassword: () => void;
  onCodes: () => void;
}

export function Header({ me, onPassword, onCodes }: HeaderProps) {
  const { t } = useI18n();
  const queries = useQueryClient();
  const signOut = useMutation({
    mutationFn: api.signOut,
    onSuccess: () => {
      queries.removeQueries({ queryKey: ["desktops"] });
      queries.removeQueries({ queryKey: ["pools"] });
      queries.setQueryData(["me"], null);
    },
  });
  const name = me.alias || me.user_name;
  return (
    <header className="header">
      <Mark />
      <div className="header-right">
        <LanguageSwitch signedIn />
        <Menu {...plainMenu} position="bottom-end" width={220} transitionProps={{ duration: 120 }}>
          <Menu.Target>
            <ActionIcon size={40} radius="xl" variant="light" aria-label={t("user.menu", { name })}>
              {[...name][0]?.toUpperCase()}
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Label className="menu-name">
              {name}
              {me.account !== me.user_name && (
                <span className="menu-account">{t("user.account", { account: me.account })}</span>
              )}
            </Menu.Label>
            {me.may_change_password && <Menu.Item onClick={onPassword}>{t("user.password")}</Menu.Item>}
            {me.codes && me.codes.policy !== "off" && (
              <Menu.Item onClick={onCodes}>{t("user.codes")}</Menu.Item>
            )}
            <Menu.Item onClick={() => signOut.mutate()}>{t("user.signOut")}</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
    </header>
  );
}

/** Note is a sentence that screen readers say when it appears. */
export function Note({ children, bad = false }: { children: ReactNode; bad?: boolean }) {
  return (
    <p className={bad ? "note note-bad" : "note"} role={bad ? "alert" : "status"}>
      {children}
    </p>
  );
}
