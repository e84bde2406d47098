import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";

export type Language = "en" | "zh";
export const languages: Language[] = ["en", "zh"];

export type Fill = Record<string, string | number>;

/** filled returns a message with its placeholders filled in; names without a placeholder are ignored. */
export const filled = (message: string, fill: Fill = {}) =>
  message.replace(/\{(\w+)\}/g, (_, name: string) => String(fill[name] ?? ""));

/** choose returns the first supported one of the preferred languages, such as ["zh-CN", "en"], or English. */
export function choose(preferred: readonly (string | null | undefined)[]): Language {
  for (const tag of preferred) {
    const found = languages.find((l) => tag?.toLowerCase().split("-")[0] === l);
    if (found) return found;
  }
  return "en";
}

const remembered = "carrel.language";

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

/** hasChosen reports whether a language was chosen in this browser. */
export const hasChosen = () => recall() !== null;

interface Choice {
  language: Language;
  setLanguage: (language: Language) => void;
}

const LanguageContext = createContext<Choice | null>(null);

/** LanguageProvider provides the language chosen before in this browser, or the browser's own, to everything inside. */
export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, show] = useState(() => choose([recall(), ...navigator.languages]));
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-Hans" : language;
  }, [language]);
  const setLanguage = useCallback((chosen: Language) => {
    remember(chosen);
    show(chosen);
  }, []);
  const choice = useMemo(() => ({ language, setLanguage }), [language, setLanguage]);
  return <LanguageContext value={choice}>{children}</LanguageContext>;
}

export function useLanguage(): Choice {
  const choice = useContext(LanguageContext);
  if (!choice) throw new Error("useLanguage outside LanguageProvider");
  return choice;
}
