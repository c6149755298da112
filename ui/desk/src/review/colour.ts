// From the samples of a clip to what an ordinary screen shows.
//
// Two steps: Y'CbCr to R'G'B' by matrix and range, exact in the shader; then, only for high dynamic range or foreign
// primaries, a table of 33 x 33 x 33 made here. The formulas are those of crates/video/src/tonemap.rs, number for
// number, so that what is on the glass and what is captured as a still are the same picture.

import type { Matrix, Picture, Primaries, Transfer } from "./picture";

export type Rgb = [number, number, number];

/** Samples along each edge of the tone table. */
export const EDGE = 33;

const REFERENCE_WHITE = 203;
const PEAK = 1000;
const KNEE = 0.5;

/** What is taken away from Y'CbCr (0 to 1 each), and the rows that make R'G'B' of the rest. */
export interface Mixing {
  offset: Rgb;
  rows: [Rgb, Rgb, Rgb];
}

const LUMA_WEIGHTS: Record<Matrix, [red: number, blue: number]> = {
  1: [0.2126, 0.0722],
  6: [0.299, 0.114],
  9: [0.2627, 0.0593],
};

/** The mixing of 8-bit samples, ITU-T H.273 with the weights of the matrix. */
export function mixing(matrix: Matrix, fullRange: boolean): Mixing {
  const [red, blue] = LUMA_WEIGHTS[matrix];
  const green = 1 - red - blue;
  const luma = fullRange ? 1 : 255 / 219;
  const chroma = fullRange ? 1 : 255 / 224;
  return {
    offset: [fullRange ? 0 : 16 / 255, 128 / 255, 128 / 255],
    rows: [
      [luma, 0, 2 * (1 - red) * chroma],
      [luma, ((-2 * blue * (1 - blue)) / green) * chroma, ((-2 * red * (1 - red)) / green) * chroma],
      [luma, 2 * (1 - blue) * chroma, 0],
    ],
  };
}

/** Whether a picture needs the tone table, or can be shown as it is. */
export const needsTones = (picture: Pick<Picture, "transfer" | "primaries">): boolean =>
  picture.transfer !== 1 || picture.primaries !== 1;

/** One pixel from signal to screen, 0 to 1 a component. The text of tonemap.rs explains each step. */
export function toScreen(transfer: Transfer, primaries: Primaries, signal: Rgb): Rgb {
  const each = (rgb: Rgb, change: (value: number) => number): Rgb => [change(rgb[0]), change(rgb[1]), change(rgb[2])];
  const relative = (nits: number) => nits / REFERENCE_WHITE;
  let light: Rgb;
  if (transfer === 18) light = highlights(each(hlgNits(signal), relative));
  else if (transfer === 16) light = highlights(each(signal, (value) => relative(pqNits(value))));
  else light = each(signal, screenToLight);
  return each(toBt709(primaries, light), (value) => lightToScreen(Math.min(Math.max(value, 0), 1)));
}

function hlgNits(signal: Rgb): Rgb {
  const [r, g, b] = [hlgScene(signal[0]), hlgScene(signal[1]), hlgScene(signal[2])];
  const gain = PEAK * (0.2627 * r + 0.678 * g + 0.0593 * b) ** 0.2;
  return [gain * r, gain * g, gain * b];
}

function hlgScene(value: number): number {
  const [a, b, c] = [0.17883277, 0.28466892, 0.55991073];
  return value <= 0.5 ? (value * value) / 3 : (Math.exp((value - c) / a) + b) / 12;
}

function pqNits(value: number): number {
  const [m1, m2] = [2610 / 16384, (2523 / 4096) * 128];
  const [c1, c2, c3] = [3424 / 4096, (2413 / 4096) * 32, (2392 / 4096) * 32];
  const root = Math.max(value, 0) ** (1 / m2);
  return 10_000 * (Math.max(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1);
}

/** Reinhard's extended operator above the knee, on the brightest component, so that the hue stays. */
function highlights(light: Rgb): Rgb {
  const brightest = Math.max(...light);
  if (brightest <= KNEE) return light;
  const t = (brightest - KNEE) / (1 - KNEE);
  const top = (PEAK / REFERENCE_WHITE - KNEE) / (1 - KNEE);
  const mapped = KNEE + ((1 - KNEE) * t * (1 + t / (top * top))) / (1 + t);
  const scale = Math.min(mapped, 1) / brightest;
  return [light[0] * scale, light[1] * scale, light[2] * scale];
}

const TO_BT709: Partial<Record<Primaries, [Rgb, Rgb, Rgb]>> = {
  9: [
    [1.660491, -0.587641, -0.07285],
    [-0.12455, 1.1329, -0.008349],
    [-0.018151, -0.100579, 1.11873],
  ],
  12: [
    [1.22494, -0.22494, 0],
    [-0.042057, 1.042057, 0],
    [-0.019638, -0.078636, 1.098274],
  ],
};

function toBt709(primaries: Primaries, light: Rgb): Rgb {
  const rows = TO_BT709[primaries];
  if (!rows) return light;
  const [r, g, b] = light;
  const row = ([x, y, z]: Rgb) => x * r + y * g + z * b;
  return [row(rows[0]), row(rows[1]), row(rows[2])];
}

const screenToLight = (v: number) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const lightToScreen = (v: number) => (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);

/** The tone table, RGBA, red fastest, then green, then blue: what `texImage3D` takes. */
export function toneTable(transfer: Transfer, primaries: Primaries, edge = EDGE): Uint8Array {
  const table = new Uint8Array(edge ** 3 * 4);
  const top = edge - 1;
  for (let at = 0; at < edge ** 3; at++) {
    const signal: Rgb = [(at % edge) / top, (Math.floor(at / edge) % edge) / top, Math.floor(at / (edge * edge)) / top];
    const [r, g, b] = toScreen(transfer, primaries, signal);
    table.set([Math.round(r * 255), Math.round(g * 255), Math.round(b * 255), 255], at * 4);
  }
  return table;
}

/** The tone table at a signal, between the samples around it. Answers 0 to 255. */
export function lookUp(table: Uint8Array, signal: Rgb, edge = EDGE): Rgb {
  const low: Rgb = [0, 0, 0];
  const part: Rgb = [0, 0, 0];
  for (const axis of [0, 1, 2] as const) {
    const at = Math.min(Math.max(signal[axis], 0), 1) * (edge - 1);
    low[axis] = Math.min(Math.floor(at), edge - 2);
    part[axis] = at - low[axis];
  }
  const sum: Rgb = [0, 0, 0];
  for (let corner = 0; corner < 8; corner++) {
    const step: Rgb = [corner & 1, (corner >> 1) & 1, corner >> 2];
    const weight = [0, 1, 2].reduce((all, axis) => all * (step[axis] ? part[axis]! : 1 - part[axis]!), 1);
    const at = (low[0] + step[0] + edge * (low[1] + step[1] + edge * (low[2] + step[2]))) * 4;
    for (const axis of [0, 1, 2] as const) sum[axis] += weight * (table[at + axis] ?? 0);
  }
  return sum;
}
