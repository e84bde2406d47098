import { useCallback } from "react";
import { type Fill, filled, type Language, useLanguage } from "../i18n/language";
import { en, type WordKey, type Words } from "./words.en";
import { zh } from "./words.zh";

export type { WordKey };
export const words: Record<Language, Words> = { en, zh };

export type T = (key: WordKey, fill?: Fill) => string;

/** useWords speaks the messages of the console in the chosen language. */
export function useWords(): T {
  const { language } = useLanguage();
  return useCallback((key, fill) => filled(words[language][key], fill), [language]);
}

/** has says whether there is a word of this name, as for states that a later server may have. */
export const has = (key: string): key is WordKey => key in en;
