// Times as this person reads them: their language, their time zone.

import type { Micros, Millis } from "@limpet/shared/gen/wire";
import { language } from "@limpet/shared/i18n";
import { w } from "./words";

const locale = (): string => {
  const own = navigator.languages.find((tag) => tag.toLowerCase().startsWith(language()));
  return own ?? language();
};

/** `10:12`, as the phone writes it. */
export const clock = (at: Millis): string =>
  new Intl.DateTimeFormat(locale(), { hour: "numeric", minute: "2-digit" }).format(at);

/** `22 November`. */
export const longDate = (at: Millis): string => new Intl.DateTimeFormat(locale(), { day: "numeric", month: "long" }).format(at);

/** Today, yesterday, or the day with its name. */
export function day(at: Millis, now: Millis): string {
  const date = new Date(at).toDateString();
  if (date === new Date(now).toDateString()) return w().today;
  const before = new Date(now);
  before.setDate(before.getDate() - 1);
  if (date === before.toDateString()) return w().yesterday;
  return new Intl.DateTimeFormat(locale(), { weekday: "long", day: "numeric", month: "long" }).format(at);
}

/** `0:41`. */
export function length(duration: Micros): string {
  const seconds = Math.round(duration / 1_000_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** What is left, coarse enough that it does not jump about. */
export function left(seconds: number): string {
  const t = w();
  if (seconds < 8) return t.soon;
  if (seconds < 58) return t.seconds({ n: Math.ceil(seconds / 5) * 5 });
  return t.minutes({ n: Math.max(1, Math.round(seconds / 60)) });
}
