import { useMemo } from "react";
import { type Language, type MessageKey, translate } from ".";
import { type Fill, useLanguage } from "./language";

interface I18n {
  language: Language;
  t: (key: MessageKey, fill?: Fill) => string;
  setLanguage: (language: Language) => void;
}

/** useI18n speaks the portal's messages in the chosen language. */
export function useI18n(): I18n {
  const { language, setLanguage } = useLanguage();
  return useMemo(
    () => ({ language, setLanguage, t: (key, fill) => translate(language, key, fill) }),
    [language, setLanguage],
  );
}
