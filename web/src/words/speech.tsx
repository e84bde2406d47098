import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { choose, type Language, say, type Word } from ".";

const remembered = "carrel.language";

interface Speech {
  language: Language;
  t: (word: Word, fill?: Record<string, string | number>) => string;
  speak: (language: Language) => void;
}

const SpeechContext = createContext<Speech | null>(null);

/** recall reads the choice that this browser remembers; browsers can forbid that. */
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

/** SpeechProvider lets everything inside speak one language: the one chosen here before, or the browser's. */
export function SpeechProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(() => choose([recall(), ...navigator.languages]));
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-Hans" : language;
  }, [language]);
  const speak = useCallback((chosen: Language) => {
    remember(chosen);
    setLanguage(chosen);
  }, []);
  const speech = useMemo<Speech>(
    () => ({ language, speak, t: (word, fill) => say(language, word, fill) }),
    [language, speak],
  );
  return <SpeechContext value={speech}>{children}</SpeechContext>;
}

export function useSpeech(): Speech {
  const speech = useContext(SpeechContext);
  if (!speech) throw new Error("useSpeech outside SpeechProvider");
  return speech;
}

/** hasChosen says whether somebody chose a language in this browser. */
export const hasChosen = () => recall() !== null;
