// How old an animal is, from a date of birth that may know only the year. The transcript counts in the same way
// (crates/transcript/src/when.rs): the window and the PDF must not disagree about an animal.

import { words } from "@limpet/shared/i18n";
import { dayOf } from "@limpet/shared/parts/times";

const say = words(
  {
    years: (n: number) => (n === 1 ? "1 year" : `${n} years`),
    months: (n: number) => (n === 1 ? "1 month" : `${n} months`),
    weeks: (n: number) => (n === 1 ? "1 week" : `${n} weeks`),
  },
  {
    years: (n) => (n === 1 ? "1 año" : `${n} años`),
    months: (n) => (n === 1 ? "1 mes" : `${n} meses`),
    weeks: (n) => (n === 1 ? "1 semana" : `${n} semanas`),
  },
);

interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** `9 years`, `14 months`, `3 weeks`, `~9 years`, by the practice's calendar; empty when it cannot be said. */
export function ageOf(born: string, now: number, zone: string): string {
  const birth = dayIn(born.trim());
  const today = dayIn(dayOf(now, zone));
  if (!birth || !today) return "";
  const { months, days } = between(birth, today);
  if (months < 0) return "";
  if (/^\d+$/.test(born.trim())) return `~${say().years(today.year - birth.year)}`;
  if (months >= 24) return say().years(Math.floor(months / 12));
  if (months >= 2) return say().months(months);
  return say().weeks(Math.floor((months * 30 + days) / 7));
}

/** The first day that a date can mean; null for what is none. */
function dayIn(date: string): Day | null {
  if (!/^\d{4}(-\d{1,2}){0,2}$/.test(date)) return null;
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  const exists = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
  return exists ? { year, month, day } : null;
}

/** Whole months from one day to a later one, and the days over; fewer than no months when it is not later. */
function between(from: Day, to: Day): { months: number; days: number } {
  const months = (to.year - from.year) * 12 + to.month - from.month;
  if (to.day >= from.day) return { months, days: Math.min(to.day, daysIn(from.year, from.month)) - from.day };
  const last = Math.min(to.day, daysIn(from.year, from.month + 1));
  return { months: months - 1, days: daysIn(from.year, from.month) - from.day + last };
}

const daysIn = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();
