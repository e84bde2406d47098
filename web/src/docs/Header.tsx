import { Button, UnstyledButton } from "@mantine/core";
import { languages, useLanguage } from "../i18n/language";
import type { Session } from "./session";
import { useWords, words } from "./words";

interface HeaderProps {
  session: Session | null;
  project: string;
  onProject: (id: string) => void;
  onSignIn: () => void;
  onSignOut: () => void;
}

export function Header({ session, project, onProject, onSignIn, onSignOut }: HeaderProps) {
  const t = useWords();
  const { language, setLanguage } = useLanguage();
  return (
    <header className="docs-header">
      <a className="mark docs-mark" href="/docs">
        <img src="/carrel.svg" alt="" width="26" height="26" />
        Carrel <span className="quiet">{t("page.title")}</span>
      </a>
      <div className="docs-header-right">
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
        {session ? (
          <div className="docs-who">
            {session.projects.length > 1 && (
              <select
                className="docs-select"
                aria-label={t("in.project")}
                value={project}
                onChange={(e) => onProject(e.currentTarget.value)}
              >
                {session.projects.map((p) => (
                  <option key={p.id} value={p.id}>
                    {p.name}
                  </option>
                ))}
              </select>
            )}
            <span className="docs-name">{session.user}</span>
            <Button size="xs" variant="default" onClick={onSignOut}>
              {t("in.out")}
            </Button>
          </div>
        ) : (
          <Button size="xs" variant="light" onClick={onSignIn}>
            {t("in.do")}
          </Button>
        )}
      </div>
    </header>
  );
}
