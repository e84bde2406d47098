import type { MessageKey } from "../i18n";

/** span says a number of seconds, in minutes when that is enough. */
export function span(
  seconds: number,
  t: (word: MessageKey, fill?: Record<string, string | number>) => string,
): string {
  return seconds < 100
    ? t("time.seconds", { n: Math.max(1, seconds) })
    : t("time.minutes", { n: Math.ceil(seconds / 60) });
}
