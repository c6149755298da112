// Contrast of the tokens: WCAG AA for everything read, AAA for the words of a message; and dark means one thing.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const css = readFileSync(join(import.meta.dirname, "tokens.css"), "utf8");

function block(selector: string): Record<string, string> {
  const start = css.indexOf("{", css.indexOf(selector));
  const body = css.slice(start + 1, css.indexOf("}", start));
  return Object.fromEntries([...body.matchAll(/--([\w-]+):\s*([^;]+);/g)].map((match) => [match[1], match[2]]));
}

const light = block(":root {");
const dark = block('[data-theme="dark"] {');
const bySystem = block(':root:not([data-theme="light"]) {');

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string | undefined, b: string | undefined): number {
  if (!a?.startsWith("#") || !b?.startsWith("#")) throw new Error(`not colours: ${a}, ${b}`);
  const [bright = 0, dim = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (bright + 0.05) / (dim + 0.05);
}

/** What is read on what, and the least contrast for it. */
const READ: [string, string[], number][] = [
  ["ink-1", ["surface-0", "surface-1", "surface-2", "accent-soft"], 7],
  ["note-ink", ["note"], 7],
  ["ink-2", ["surface-0", "surface-1", "surface-2", "surface-3", "accent-soft"], 4.5],
  ["ink-3", ["surface-0", "surface-1"], 4.5],
  ["accent", ["surface-0", "surface-1", "accent-soft"], 4.5],
  ["on-accent", ["accent", "accent-strong"], 4.5],
  ["waiting", ["surface-0", "surface-1", "surface-2", "waiting-soft", "accent-soft", "note"], 4.5],
  ["urgent", ["surface-0", "surface-1", "urgent-soft", "accent-soft"], 4.5],
  ["done", ["surface-1", "done-soft"], 4.5],
  // The edge of a field has to be seen, not read.
  ["line-strong", ["surface-0", "surface-1"], 3],
];

for (const [name, theme] of Object.entries({ light, dark: { ...light, ...dark } })) {
  test(`${name}: everything can be read`, () => {
    const low = READ.flatMap(([ink, papers, least]) =>
      papers.map((paper) => ({ pair: `${ink} on ${paper}`, is: contrast(theme[ink], theme[paper]), least })),
    ).filter(({ is, least }) => is < least);
    expect(low).toEqual([]);
  });
}

test("dark is the same whether the system or the person chose it", () => {
  expect(bySystem).toEqual(dark);
});
