// Times as people say them: how long somebody has waited, at what hour something was said, on which day.
// Every hour and day is the practice's, whatever zone this computer is set to.

import { language, words } from "../i18n";

const say = words(
  {
    justNow: "now",
    today: "Today",
    yesterday: "Yesterday",
    minutes: (n: number) => `${n} min`,
    hours: (of: { hours: number; minutes: string }) => `${of.hours} h ${of.minutes}`,
    days: (of: { days: number; hours: number }) => (of.hours > 0 ? `${of.days} d ${of.hours} h` : `${of.days} d`),
  },
  {
    justNow: "ahora",
    today: "Hoy",
    yesterday: "Ayer",
    minutes: (n) => `${n} min`,
    hours: (of) => `${of.hours} h ${of.minutes}`,
    days: (of) => (of.hours > 0 ? `${of.days} d ${of.hours} h` : `${of.days} d`),
  },
);

const MINUTE = 60_000;
const DAY = 86_400_000;

/** How long, shortly: `now`, `22 min`, `1 h 04`, `2 d 3 h`. */
export function waited(since: number, now: number): string {
  const minutes = Math.max(0, Math.floor((now - since) / MINUTE));
  if (minutes < 1) return say().justNow;
  if (minutes < 60) return say().minutes(minutes);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return say().hours({ hours, minutes: String(minutes % 60).padStart(2, "0") });
  return say().days({ days: Math.floor(hours / 24), hours: hours % 24 });
}

/** `10:12`, in the practice's zone. */
export const timeOfDay = (at: number, zone: string): string =>
  formatter(zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);

/** `22 Nov 2025, 10:12`, in the practice's zone. */
export const moment = (at: number, zone: string): string =>
  formatter(zone, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);

/** `22 Nov 10:12`: without the year, for a title. */
export const shortMoment = (at: number, zone: string): string => `${dayAndMonth(at, zone)} ${timeOfDay(at, zone)}`;

/** `22 Nov`. */
export const dayAndMonth = (at: number, zone: string): string =>
  formatter(zone, { day: "numeric", month: "short" }).format(at);

/** A day's own key, `2025-11-22`, in the practice's zone. Two messages with the same key were sent on the same day. */
export function dayOf(at: number, zone: string): string {
  const parts = numbers(zone).formatToParts(at);
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
  return `${of("year")}-${of("month")}-${of("day")}`;
}

/** `Today`, `Yesterday`, `Tuesday`, `Tuesday 4 November`, with the year when it is another one. */
export function dayName(at: number, now: number, zone: string): string {
  const day = dayOf(at, zone);
  if (day === dayOf(now, zone)) return say().today;
  if (day === dayOf(now - DAY, zone)) return say().yesterday;
  if (at < now && now - at < 6 * DAY) return capital(formatter(zone, { weekday: "long" }).format(at));
  const year = day.slice(0, 4) === dayOf(now, zone).slice(0, 4) ? {} : ({ year: "numeric" } as const);
  // Put together here, because systems disagree about a comma between the two.
  const weekday = formatter(zone, { weekday: "long" }).format(at);
  return capital(`${weekday} ${formatter(zone, { day: "numeric", month: "long", ...year }).format(at)}`);
}

/** In a list: the hour today, the weekday this week, otherwise the date. */
export function shortly(at: number, now: number, zone: string): string {
  if (dayOf(at, zone) === dayOf(now, zone)) return timeOfDay(at, zone);
  if (at < now && now - at < 6 * DAY) return capital(formatter(zone, { weekday: "short" }).format(at));
  return dayAndMonth(at, zone);
}

/** Length of a clip from microseconds: `0:41`, `12:05`, `1:02:03`. */
export function length(us: number): string {
  // A clip of less than half a second is still not nothing.
  const seconds = Math.max(us > 0 ? 1 : 0, Math.round(us / 1_000_000));
  const two = (value: number) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${two(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

const capital = (text: string) => text.charAt(0).toLocaleUpperCase(locale()) + text.slice(1);
// British English for its order of day and month and its 24 hours, which match the Spanish ones.
const locale = () => (language() === "es" ? "es" : "en-GB");

const kept = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string, shape: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return keep(locale(), zone, shape);
}

const numbers = (zone: string) => keep("en-GB", zone, { year: "numeric", month: "2-digit", day: "2-digit" });

function keep(tag: string, zone: string, shape: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${tag} ${zone} ${JSON.stringify(shape)}`;
  let found = kept.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(tag, { ...shape, timeZone: zone });
    kept.set(key, found);
  }
  return found;
}
