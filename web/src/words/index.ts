import { en, type Word, type Words } from "./en";
import { zh } from "./zh";

export type Language = "en" | "zh";
export type { Word };

export const catalogues: Record<Language, Words> = { en, zh };
export const languages = Object.keys(catalogues) as Language[];

/** say fills in a sentence; a name that the sentence does not have is left out. */
export function say(language: Language, word: Word, fill: Record<string, string | number> = {}): string {
  return catalogues[language][word].replace(/\{(\w+)\}/g, (_, name: string) => String(fill[name] ?? ""));
}

/** choose takes the first language that we speak of those a person prefers, such as ["zh-CN", "en"]. */
export function choose(preferred: readonly (string | null | undefined)[]): Language {
  for (const tag of preferred) {
    const found = languages.find((l) => tag?.toLowerCase().split("-")[0] === l);
    if (found) return found;
  }
  return "en";
}
