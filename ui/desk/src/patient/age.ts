// How old an animal is, from a date of birth that may know only the year.

import { words } from "@limpet/shared/i18n";

const say = words(
  {
    years: (n: number) => (n === 1 ? "1 year" : `${n} years`),
    months: (n: number) => (n === 1 ? "1 month" : `${n} months`),
    weeks: (n: number) => (n === 1 ? "1 week" : `${n} weeks`),
    about: (n: number) => `about ${n} years`,
  },
  {
    years: (n) => (n === 1 ? "1 año" : `${n} años`),
    months: (n) => (n === 1 ? "1 mes" : `${n} meses`),
    weeks: (n) => (n === 1 ? "1 semana" : `${n} semanas`),
    about: (n) => `unos ${n} años`,
  },
);

/** `9 years`, `5 months`, `3 weeks`, `about 9 years`; empty when nothing is known. */
export function ageOf(born: string, now: number): string {
  const [year, month, day] = born.split("-").map(Number);
  if (!year || Number.isNaN(year)) return "";
  const today = new Date(now);
  if (!month) return say().about(Math.max(0, today.getFullYear() - year));
  let months = (today.getFullYear() - year) * 12 + today.getMonth() + 1 - month;
  if (day && today.getDate() < day) months -= 1;
  if (months >= 24) return say().years(Math.floor(months / 12));
  if (months >= 3 || !day) return say().months(Math.max(0, months));
  return say().weeks(Math.max(0, Math.floor((now - Date.UTC(year, month - 1, day)) / (7 * 86_400_000))));
}
