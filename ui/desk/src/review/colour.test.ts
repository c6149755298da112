import { describe, expect, it } from "vitest";
import { lookUp, mixing, needsTones, toneTable, toScreen, type Rgb } from "./colour";
import { toRgba } from "./paint-2d";
import { readPicture, type Matrix, type Picture } from "./picture";
import { message } from "./testing";

/** One colour as I420, through the whole road of the 2D canvas. */
function pixel(y: number, u: number, v: number, some: Partial<Picture> = {}): number[] {
  const fill = (level: number, length: number) => new Uint8Array(length).fill(level);
  const picture = readPicture(message({ ...some, width: 2, height: 2, y: fill(y, 4), u: fill(u, 1), v: fill(v, 1) }))!;
  const out = new Uint8ClampedArray(16);
  toRgba(picture, needsTones(picture) ? toneTable(picture.transfer, picture.primaries) : null, out);
  return [...out.slice(12, 16)];
}

const near = (got: number[], wanted: number[], slack = 1) =>
  got.slice(0, 3).forEach((level, at) => expect(Math.abs(level - (wanted[at] ?? 0))).toBeLessThanOrEqual(slack));

describe("the matrix", () => {
  // Published 100 % colour bars, 8 bits: ITU-R BT.601, BT.709 and BT.2020 in limited range.
  const BARS: [Matrix, string, Rgb, Rgb][] = [
    [1, "red", [63, 102, 240], [255, 0, 0]],
    [1, "green", [173, 42, 26], [0, 255, 0]],
    [1, "blue", [32, 240, 118], [0, 0, 255]],
    [6, "red", [81, 90, 240], [255, 0, 0]],
    [6, "green", [145, 54, 34], [0, 255, 0]],
    [6, "blue", [41, 240, 110], [0, 0, 255]],
    [9, "red", [74, 97, 240], [255, 0, 0]],
    [9, "green", [164, 47, 25], [0, 255, 0]],
    [9, "blue", [29, 240, 119], [0, 0, 255]],
  ];
  it.each(BARS)("%i makes %s", (matrix, _, [y, u, v], rgb) => near(pixel(y, u, v, { matrix }), rgb, 2));

  it("measures colour by its own range: 75 % bars of BT.709", () => {
    near(pixel(51, 109, 212), [191, 0, 0], 1);
    near(pixel(168, 44, 136), [191, 191, 0], 1);
    near(pixel(145, 147, 44), [0, 191, 191], 1);
  });

  it("stretches limited range and leaves full range", () => {
    near(pixel(16, 128, 128), [0, 0, 0], 0);
    near(pixel(235, 128, 128), [255, 255, 255], 0);
    near(pixel(16, 128, 128, { fullRange: true }), [16, 16, 16], 0);
    near(pixel(76, 85, 255, { matrix: 6, fullRange: true }), [254, 0, 0], 1);
  });

  it("keeps grey grey for every matrix", () => {
    for (const matrix of [1, 6, 9] as const) {
      for (const full of [false, true]) {
        const { rows, offset } = mixing(matrix, full);
        for (const row of rows) expect(row[0]).toBeCloseTo(full ? 1 : 255 / 219);
        expect(offset[1]).toBeCloseTo(128 / 255);
      }
    }
  });
});

describe("the tone map", () => {
  // From an independent evaluation of the text in crates/video/src/tonemap.rs.
  it("puts reference white at 225 and the peak at 255", () => {
    expect(toScreen(18, 9, [0.75, 0.75, 0.75])[1] * 255).toBeCloseTo(225, -0.5);
    expect(toScreen(16, 9, [0.5807, 0.5807, 0.5807])[1] * 255).toBeCloseTo(225, -0.5);
    expect(toScreen(18, 9, [1, 1, 1])[1]).toBeCloseTo(1, 3);
  });

  it("never makes brighter darker, and keeps grey grey", () => {
    for (const transfer of [18, 16, 1] as const) {
      let before = -1;
      for (let step = 0; step <= 100; step++) {
        const [r, g, b] = toScreen(transfer, 9, [step / 100, step / 100, step / 100]);
        expect(Math.abs(r - g)).toBeLessThan(1e-3);
        expect(Math.abs(b - g)).toBeLessThan(1e-3);
        expect(g).toBeGreaterThanOrEqual(before);
        before = g;
      }
    }
  });

  it("is told by its table to within four levels, and mostly to within one", () => {
    let worst = 0;
    let sum = 0;
    let count = 0;
    for (const primaries of [9, 1] as const) {
      const table = toneTable(18, primaries);
      for (let at = 0; at < 2000; at++) {
        const grey = (at % 200) / 199;
        const tint = ((at * 37) % 100) / 1000;
        const signal: Rgb = [Math.min(1, grey + tint), grey, Math.max(0, grey - tint / 2)];
        const told = lookUp(table, signal);
        toScreen(18, primaries, signal).forEach((level, axis) => {
          const off = Math.abs(level * 255 - (told[axis] ?? 0));
          worst = Math.max(worst, off);
          sum += off;
          count += 1;
        });
      }
    }
    expect(worst).toBeLessThan(4);
    expect(sum / count).toBeLessThan(0.6);
  });

  it("leaves ordinary video alone", () => {
    expect(needsTones({ transfer: 1, primaries: 1 })).toBe(false);
    expect(needsTones({ transfer: 1, primaries: 12 })).toBe(true);
    const [r, g, b] = toScreen(1, 1, [0.2, 0.5, 0.9]);
    near([r, g, b].map((value) => value * 255), [51, 127.5, 229.5], 0.01);
  });

  it("widens Display P3 red beyond BT.709 to plain red", () => {
    near(toScreen(1, 12, [1, 0, 0]).map((value) => value * 255), [255, 0, 0], 0.5);
    expect(toScreen(1, 12, [0.5, 0.4, 0.4])[0]).toBeGreaterThan(0.5);
  });
});
