import { en, type MessageKey, type Messages } from "./en";
import { choose, type Fill, filled, type Language, languages } from "./language";
import { zh } from "./zh";

export type { Language, MessageKey };
export { choose, languages };

export const catalogues: Record<Language, Messages> = { en, zh };

/** translate returns a message of the portal with its placeholders filled in. */
export const translate = (language: Language, key: MessageKey, fill: Fill = {}) =>
  filled(catalogues[language][key], fill);
