import { en, type MessageKey, type Messages } from "./en";
import { zh } from "./zh";

export type Language = "en" | "zh";
export type { MessageKey };

export const catalogues: Record<Language, Messages> = { en, zh };
export const languages = Object.keys(catalogues) as Language[];

/** translate returns a message with its placeholders filled in; names without a placeholder are ignored. */
export function translate(
  language: Language,
  key: MessageKey,
  fill: Record<string, string | number> = {},
): string {
  return catalogues[language][key].replace(/\{(\w+)\}/g, (_, name: string) => String(fill[name] ?? ""));
}

/** choose returns the first supported one of the preferred languages, such as ["zh-CN", "en"], or English. */
export function choose(preferred: readonly (string | null | undefined)[]): Language {
  for (const tag of preferred) {
    const found = languages.find((l) => tag?.toLowerCase().split("-")[0] === l);
    if (found) return found;
  }
  return "en";
}
