import { beforeEach, describe, expect, it } from "vitest";
import { EDGE, lookUp, mixing, needsTones, readTable, ToneTables, type Rgb } from "./colour";
import { toRgba } from "./paint-2d";
import { readPicture, type Matrix, type Picture } from "./picture";
import { message } from "./testing";

let tables: ToneTables;
beforeEach(() => (tables = new ToneTables()));

/** One colour as I420, through the whole road of the 2D canvas. */
function pixel(y: number, u: number, v: number, some: Partial<Picture> = {}): number[] {
  const fill = (level: number, length: number) => new Uint8Array(length).fill(level);
  const picture = readPicture(message({ ...some, width: 2, height: 2, y: fill(y, 4), u: fill(u, 1), v: fill(v, 1) }))!;
  const out = new Uint8ClampedArray(16);
  toRgba(picture, tables.of(picture) ?? null, out);
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

/** A table as it comes over the socket; the change takes nodes of 0 to 32 and answers levels. */
function tableOf(change: (node: Rgb) => Rgb): string {
  const levels: number[] = [];
  for (let b = 0; b < EDGE; b++) {
    for (let g = 0; g < EDGE; g++) for (let r = 0; r < EDGE; r++) levels.push(...change([r, g, b]));
  }
  return btoa(String.fromCharCode(...levels.slice(0, 60_000))) + btoa(String.fromCharCode(...levels.slice(60_000)));
}

/** Levels without any order. */
const scattered = (node: Rgb): Rgb => {
  const at = node[0] * 7919 + node[1] * 104_729 + node[2] * 1_299_709;
  return [at % 251, (at >> 3) % 241, (at >> 5) % 239];
};
const at = (r: number, g: number, b: number): Rgb => [r / 32, g / 32, b / 32];

describe("the tone table", () => {
  it("is read red fastest, then green, then blue", () => {
    const table = readTable(tableOf(([r, g, b]) => [r, g + 50, b + 100]))!;
    expect(table).toHaveLength(33 ** 3 * 3);
    for (const [r, g, b] of [
      [0, 0, 0],
      [32, 0, 0],
      [0, 32, 0],
      [0, 0, 32],
      [3, 17, 31],
      [32, 32, 32],
    ] as const) {
      expect(lookUp(table, at(r, g, b))).toEqual([r, g + 50, b + 100]);
    }
  });

  it("is refused when it is longer or shorter, or no base64", () => {
    const whole = tableOf(scattered);
    expect(readTable(whole)).not.toBeNull();
    expect(readTable(btoa(atob(whole).slice(1)))).toBeNull();
    expect(readTable(btoa(atob(whole) + "x"))).toBeNull();
    expect(readTable("")).toBeNull();
    expect(readTable("not base64 at all!")).toBeNull();
  });

  it("is read between four nodes, not eight", () => {
    const red = ([r, g, b]: Rgb): Rgb => [r === 1 && g === 0 && b === 0 ? 200 : 0, 0, 0];
    const table = readTable(tableOf(red))!;
    // Where red has most of the way to go, the corner is on the way; the cube would say 75.
    expect(lookUp(table, at(0.5, 0.25, 0))[0]).toBeCloseTo(50);
    // Where it has not, the corner is not: the cube would say 25.
    expect(lookUp(table, at(0.25, 0.5, 0))[0]).toBe(0);
    expect(lookUp(table, at(0.25, 0, 0.5))[0]).toBe(0);
  });

  it("is read like crates/video/src/render.rs does, in all six tetrahedra", () => {
    const table = readTable(tableOf(scattered))!;
    for (const parts of [
      [0.7, 0.4, 0.1],
      [0.7, 0.1, 0.4],
      [0.4, 0.7, 0.1],
      [0.1, 0.7, 0.4],
      [0.4, 0.1, 0.7],
      [0.1, 0.4, 0.7],
      [0.5, 0.5, 0.2],
      [0.2, 0.5, 0.5],
      [0.5, 0.2, 0.5],
    ] as const) {
      for (const low of [at(0, 0, 0), at(31, 30, 29), at(12, 3, 31)]) {
        const signal = low.map((value, axis) => value + (parts[axis] ?? 0) / 32) as Rgb;
        const told = lookUp(table, signal);
        sorted(signal).forEach((level, axis) => expect(told[axis]).toBeCloseTo(level, 6));
      }
    }
  });

  /** The algorithm of render.rs, with a sort where `lookUp` compares. */
  function sorted(signal: Rgb): Rgb {
    const low = signal.map((value) => Math.min(Math.floor(value * 32 + 1e-9), 31));
    const axes = signal.map((value, axis) => ({ axis, part: value * 32 - low[axis]! })).sort((a, b) => b.part - a.part);
    const sum: Rgb = [0, 0, 0];
    const node = [...low] as Rgb;
    let left = 1;
    for (const { axis, part } of [...axes, { axis: -1, part: 0 }]) {
      scattered(node).forEach((level, which) => (sum[which as 0] += (left - part) * level));
      left = part;
      if (axis >= 0) node[axis as 0] += 1;
    }
    return sum;
  }

  it("makes grey of grey nodes alone", () => {
    const grey = ([r, g, b]: Rgb): Rgb => (r === g && g === b ? [r * r / 8, r * r / 8, r * r / 8] : [255, 0, 255]);
    const table = readTable(tableOf(([r, g, b]) => grey([r, g, b]).map(Math.floor) as Rgb))!;
    for (let step = 0; step <= 320; step++) {
      const signal = step / 320;
      const node = Math.min(Math.floor(step / 10), 31);
      const [below, above] = [Math.floor((node * node) / 8), Math.floor(((node + 1) * (node + 1)) / 8)];
      const told = lookUp(table, [signal, signal, signal]);
      expect(told[0]).toBeCloseTo(below + (above - below) * (step / 10 - node), 6);
      expect(told).toEqual([told[0], told[0], told[0]]);
    }
  });

  it("keeps grey grey on the whole road of the 2D canvas", () => {
    tables.learn({ transfer: 18, primaries: 9, table: tableOf(([r, g, b]) => (r === g && g === b ? [r, r, r] : [255, 0, 255])) });
    for (const [level, fullRange] of [
      [16, false],
      [77, false],
      [235, false],
      [200, true],
    ] as const) {
      const [r, g, b] = pixel(level, 128, 128, { transfer: 18, primaries: 9, matrix: 9, fullRange });
      const signal = fullRange ? level / 255 : (level - 16) / 219;
      expect([r, g, b]).toEqual(new Array(3).fill(Math.round(signal * 32)));
    }
  });

  it("ends where the signal does", () => {
    const table = readTable(tableOf(scattered))!;
    expect(lookUp(table, [1.2, 1, 2])).toEqual(scattered([32, 32, 32]));
    expect(lookUp(table, [-1, -0.1, 0])).toEqual(scattered([0, 0, 0]));
  });
});

describe("the tables of a clip", () => {
  it("are kept for their colours, and a newer one takes the place of an older", () => {
    const [dark, bright] = [tableOf(() => [1, 1, 1]), tableOf(() => [9, 9, 9])];
    tables.learn({ transfer: 18, primaries: 9, table: dark });
    tables.learn({ transfer: 16, primaries: 9, table: bright });
    expect(tables.of({ transfer: 18, primaries: 9 })?.[0]).toBe(1);
    expect(tables.of({ transfer: 16, primaries: 9 })?.[0]).toBe(9);
    tables.learn({ transfer: 18, primaries: 9, table: bright });
    expect(tables.of({ transfer: 18, primaries: 9 })?.[0]).toBe(9);
  });

  it("say of ordinary video that it needs none, and of other video that its table has not come", () => {
    expect(needsTones({ transfer: 1, primaries: 1 })).toBe(false);
    expect(tables.of({ transfer: 1, primaries: 1 })).toBeNull();
    expect(tables.of({ transfer: 1, primaries: 12 })).toBeUndefined();
    tables.learn({ transfer: 1, primaries: 12, table: "AAAA" });
    expect(tables.of({ transfer: 1, primaries: 12 })).toBeUndefined();
  });
});
