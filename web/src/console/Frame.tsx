import { Button, Menu, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { languages, useLanguage } from "../i18n/language";
import { call, type Who } from "./api";
import { helpOf } from "./help";
import { Link } from "./Link";
import { addressOfPlace, go, pages, placeOf, usePath } from "./place";
import { forget, type Project } from "./session";
import { useWords, words } from "./words";

const loadPalette = () => import("./Palette");
const Palette = lazy(loadPalette);

/** plainMenu keeps a menu where its button is, in the same landmark, with nothing in it but its items. */
const plainMenu = {
  withinPortal: false,
  withInitialFocusPlaceholder: false,
  transitionProps: { duration: 0 },
} as const;

export function Mark() {
  return (
    <span className="mark">
      <img src="/carrel.svg" alt="" width="28" height="28" />
      Carrel
    </span>
  );
}

/** LanguageSwitch offers the other languages, each by its own name. */
export function LanguageSwitch() {
  const { language, setLanguage } = useLanguage();
  const t = useWords();
  return (
    <nav className="languages" aria-label={t("lang.choose")}>
      {languages.map((l) => (
        <UnstyledButton
          key={l}
          lang={l}
          className="language"
          aria-pressed={l === language}
          onClick={() => setLanguage(l)}
        >
          {words[l]["lang.name"]}
        </UnstyledButton>
      ))}
    </nav>
  );
}

interface FrameProps {
  who: Who;
  projects: Project[];
  project: Project | undefined;
  children: ReactNode;
}

/** Frame is around each page: where one can go, in which project, who is signed in. */
export function Frame({ who, projects, project, children }: FrameProps) {
  const t = useWords();
  const place = placeOf(usePath());
  const [searching, setSearching] = useState(false);
  const [looked, setLooked] = useState(false);
  useEffect(() => {
    void loadPalette(); // so that it takes what is typed at once
    const open = (e: KeyboardEvent) => {
      if (!(e.ctrlKey || e.metaKey) || e.key.toLowerCase() !== "k") return;
      e.preventDefault();
      setLooked(true);
      setSearching(true);
    };
    window.addEventListener("keydown", open);
    return () => window.removeEventListener("keydown", open);
  }, []);
  return (
    <div className="frame">
      <a className="skip" href="#main">
        {t("frame.skip")}
      </a>
      <header className="top">
        <Link href={project ? addressOfPlace(project.id, "overview") : "/console/"} className="top-mark">
          <Mark />
        </Link>
        {project && (
          <>
            <label className="top-project">
              <span className="for-readers">{t("frame.project")}</span>
              <select
                className="select"
                value={project.id}
                onChange={(e) =>
                  go(
                    addressOfPlace(e.currentTarget.value, place.page === "nothing" ? "overview" : place.page),
                  )
                }
              >
                {projects.map((p) => (
                  <option key={p.id} value={p.id}>
                    {p.name}
                  </option>
                ))}
              </select>
            </label>
            <nav className="top-pages" aria-label={t("frame.pages")}>
              {pages.map((p) => (
                <Link
                  key={p}
                  href={addressOfPlace(project.id, p)}
                  className="top-page"
                  aria-current={place.page === p ? "page" : undefined}
                >
                  {t(`page.${p}`)}
                </Link>
              ))}
            </nav>
          </>
        )}
        <div className="top-right">
          {project && (
            <Button
              variant="default"
              size="compact-sm"
              onClick={() => {
                setLooked(true);
                setSearching(true);
              }}
              aria-keyshortcuts="Control+K"
            >
              {t("frame.search")}
              <span className="key" aria-hidden="true">
                Ctrl K
              </span>
            </Button>
          )}
          <a className="top-help" href={helpOf(place.page)} target="_blank" rel="noreferrer">
            {t("frame.help")}
            <span className="for-readers"> {t("frame.newTab")}</span>
          </a>
          <ThemeSwitch />
          <LanguageSwitch />
          <UserMenu who={who} />
        </div>
      </header>
      {children}
      {looked && project && (
        <Suspense fallback={null}>
          <Palette open={searching} onClose={() => setSearching(false)} project={project} />
        </Suspense>
      )}
    </div>
  );
}

function ThemeSwitch() {
  const t = useWords();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <label>
      <span className="for-readers">{t("theme.choose")}</span>
      <select
        className="select"
        value={colorScheme}
        onChange={(e) => setColorScheme(e.currentTarget.value as typeof colorScheme)}
      >
        {(["auto", "light", "dark"] as const).map((scheme) => (
          <option key={scheme} value={scheme}>
            {t(`theme.${scheme}`)}
          </option>
        ))}
      </select>
    </label>
  );
}

function UserMenu({ who }: { who: Who }) {
  const t = useWords();
  const queries = useQueryClient();
  const ended = () => forget(queries);
  const out = useMutation({ mutationFn: () => call("post", "/console/api/sign-out"), onSuccess: ended });
  const everywhere = useMutation({
    mutationFn: () => call("post", "/console/api/sign-out-everywhere"),
    onSuccess: ended,
  });
  return (
    <Menu {...plainMenu} position="bottom-end" width={260}>
      <Menu.Target>
        <Button variant="light" size="compact-sm" aria-label={t("user.menu", { name: who.user_name })}>
          {who.user_name}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {t("user.as", { name: who.user_name, account: who.account })}
          <br />
          {who.roles.length > 0 ? t("user.roles", { roles: who.roles.join(", ") }) : t("user.noRoles")}
        </Menu.Label>
        <Menu.Item onClick={() => out.mutate()}>{t("user.signOut")}</Menu.Item>
        <Menu.Item onClick={() => everywhere.mutate()}>{t("user.everywhere")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
