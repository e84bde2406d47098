import { type Fill, filled, type Language, useLanguage } from "../i18n/language";
import { en, type WordKey, type Words } from "./words.en";
import { zh } from "./words.zh";

export type { WordKey };
export const words: Record<Language, Words> = { en, zh };

export type T = (key: WordKey, fill?: Fill) => string;

/** useWords speaks the messages of this page in the chosen language. */
export function useWords(): T {
  const { language } = useLanguage();
  return (key, fill) => filled(words[language][key], fill);
}
