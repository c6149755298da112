// Sizes of files as people say them.

import { language } from "../i18n";

const UNITS = ["kB", "MB", "GB"];

/** `12.4 MB`, `380 kB`, in the reader's own decimal sign. */
export function sizeOf(bytes: number): string {
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 100 ? 1 : 0;
  const said = new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(Math.max(value, 1));
  return `${said} ${UNITS[unit]}`;
}

/** Whole percent of a transfer; never 100 before the last byte. */
export const share = (done: number, all: number): number =>
  all <= 0 ? 0 : done >= all ? 100 : Math.min(99, Math.floor((done / all) * 100));
