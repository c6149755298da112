// From the samples of a clip to what an ordinary screen shows.
//
// Two steps: Y'CbCr to R'G'B' by matrix and range, exact in the shader; then, only for high dynamic range or foreign
// primaries, a table of 33 x 33 x 33 that the decoder sends. It makes stills from the same formulas
// (crates/video/src/tonemap.rs), so what is on the glass and what is captured are the same picture.
//
// The table is read between the four nodes of the tetrahedron a colour lies in, as crates/video/src/render.rs does:
// grey is then made of grey nodes alone. Between all eight of a cube, as graphics hardware does by itself, bright grey
// comes out too dark. `lookUp` and `LOOK_UP` are the same lines, once for the 2D canvas and once for the shader.

import type { Tones } from "./frame-socket";
import type { Matrix, Picture } from "./picture";

export type Rgb = [number, number, number];

/** Samples along each edge of the tone table. */
export const EDGE = 33;
const LAST = EDGE - 1;

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

/** The tone tables of a clip, by the colours they are for. */
export class ToneTables {
  private readonly tables = new Map<string, Uint8Array>();

  /** Keeps a table. What is no table is not kept, and pictures that need it are not shown. */
  learn(tones: Tones): void {
    const table = readTable(tones.table);
    if (table) this.tables.set(colours(tones), table);
  }

  /** The table for a picture: null when it needs none, undefined when it has not come. */
  of(picture: Pick<Picture, "transfer" | "primaries">): Uint8Array | null | undefined {
    return needsTones(picture) ? this.tables.get(colours(picture)) : null;
  }
}

const colours = ({ transfer, primaries }: { transfer: number; primaries: number }) => `${transfer} ${primaries}`;

/** A table as it comes: R'G'B', 8 bit, red fastest, then green, then blue. Null when it is none. */
export function readTable(base64: string): Uint8Array<ArrayBuffer> | null {
  let text: string;
  try {
    text = atob(base64);
  } catch {
    return null;
  }
  return text.length === EDGE ** 3 * 3 ? Uint8Array.from(text, (letter) => letter.charCodeAt(0)) : null;
}

/** Bytes from a node of the table to the next along an axis. */
const [RED, GREEN, BLUE] = [3, 3 * EDGE, 3 * EDGE * EDGE] as const;

/** What a table says of a signal of 0 to 1. Answers 0 to 255. */
export function lookUp(table: Uint8Array, signal: Rgb): Rgb {
  const [r, g, b] = [way(signal[0]), way(signal[1]), way(signal[2])];
  const [lowR, lowG, lowB] = [low(r), low(g), low(b)];
  const [partR, partG, partB] = [r - lowR, g - lowG, b - lowB];
  const most = Math.max(partR, partG, partB);
  const least = Math.min(partR, partG, partB);
  const middle = Math.max(Math.min(partR, partG), Math.min(Math.max(partR, partG), partB));
  // From the nearest corner of the cube to the farthest, along the axis with most of the way to go first.
  const first = partR >= partG ? (partR >= partB ? RED : BLUE) : partG >= partB ? GREEN : BLUE;
  const last = partR < partG ? (partR < partB ? RED : BLUE) : partG < partB ? GREEN : BLUE;
  const near = lowR * RED + lowG * GREEN + lowB * BLUE;
  const far = near + RED + GREEN + BLUE;
  const level = (axis: number) =>
    (1 - most) * (table[near + axis] ?? 0) +
    (most - middle) * (table[near + first + axis] ?? 0) +
    (middle - least) * (table[far - last + axis] ?? 0) +
    least * (table[far + axis] ?? 0);
  return [level(0), level(1), level(2)];
}

const way = (value: number) => Math.min(Math.max(value, 0), 1) * LAST;
const low = (way: number) => Math.min(Math.trunc(way), LAST - 1);

/** The same for the shader: `lookUp` of a signal in the table `tones`. */
export const LOOK_UP = `
const ivec3 RED = ivec3(1, 0, 0);
const ivec3 GREEN = ivec3(0, 1, 0);
const ivec3 BLUE = ivec3(0, 0, 1);
vec3 lookUp(vec3 signal) {
  vec3 way = clamp(signal, 0.0, 1.0) * ${LAST}.0;
  ivec3 near = min(ivec3(way), ivec3(${LAST - 1}));
  vec3 part = way - vec3(near);
  float most = max(max(part.r, part.g), part.b);
  float least = min(min(part.r, part.g), part.b);
  float middle = max(min(part.r, part.g), min(max(part.r, part.g), part.b));
  ivec3 first = part.r >= part.g ? (part.r >= part.b ? RED : BLUE) : part.g >= part.b ? GREEN : BLUE;
  ivec3 last = part.r < part.g ? (part.r < part.b ? RED : BLUE) : part.g < part.b ? GREEN : BLUE;
  ivec3 far = near + 1;
  return (1.0 - most) * texelFetch(tones, near, 0).rgb
    + (most - middle) * texelFetch(tones, near + first, 0).rgb
    + (middle - least) * texelFetch(tones, far - last, 0).rgb
    + least * texelFetch(tones, far, 0).rgb;
}`;
