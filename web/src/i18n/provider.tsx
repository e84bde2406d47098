import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { choose, type Language, type MessageKey, translate } from ".";

const remembered = "carrel.language";

interface I18n {
  language: Language;
  t: (key: MessageKey, fill?: Record<string, string | number>) => string;
  setLanguage: (language: Language) => void;
}

const I18nContext = createContext<I18n | null>(null);

/** recall reads the language stored in this browser; browsers can forbid that. */
function recall(): string | null {
  try {
    return localStorage.getItem(remembered);
  } catch {
    return null;
  }
}

function remember(language: Language) {
  try {
    localStorage.setItem(remembered, language);
  } catch {
    // then it lasts as long as the page
  }
}

/** I18nProvider provides the language chosen before in this browser, or the browser's own, to everything inside. */
export function I18nProvider({ children }: { children: ReactNode }) {
  const [language, show] = useState(() => choose([recall(), ...navigator.languages]));
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-Hans" : language;
  }, [language]);
  const setLanguage = useCallback((chosen: Language) => {
    remember(chosen);
    show(chosen);
  }, []);
  const i18n = useMemo<I18n>(
    () => ({ language, setLanguage, t: (key, fill) => translate(language, key, fill) }),
    [language, setLanguage],
  );
  return <I18nContext value={i18n}>{children}</I18nContext>;
}

export function useI18n(): I18n {
  const i18n = useContext(I18nContext);
  if (!i18n) throw new Error("useI18n outside I18nProvider");
  return i18n;
}

/** hasChosen reports whether a language was chosen in this browser. */
export const hasChosen = () => recall() !== null;
