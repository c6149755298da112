// Pictures as the story compares them: what is on the glass against what the ffmpeg program says a frame is.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PNG } from "pngjs";

/** A grey picture, row by row, 0 to 255. */
export type Grey = { width: number; height: number; values: Float64Array };

/** A rectangle of a picture, as fractions of its width and height. */
export type Part = { left: number; top: number; right: number; bottom: number };

/** Reads a PNG, cuts a part out of it and averages it down to a grey picture `width` pixels wide. */
export function grey(png: Buffer, width: number, height: number, part: Part = { left: 0, top: 0, right: 1, bottom: 1 }): Grey {
  const source = PNG.sync.read(png);
  const values = new Float64Array(width * height);
  const x0 = part.left * source.width;
  const y0 = part.top * source.height;
  const stepX = ((part.right - part.left) * source.width) / width;
  const stepY = ((part.bottom - part.top) * source.height) / height;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      let count = 0;
      for (let v = Math.floor(y0 + y * stepY); v < Math.max(Math.floor(y0 + y * stepY) + 1, y0 + (y + 1) * stepY); v++) {
        for (let u = Math.floor(x0 + x * stepX); u < Math.max(Math.floor(x0 + x * stepX) + 1, x0 + (x + 1) * stepX); u++) {
          const at = (Math.min(v, source.height - 1) * source.width + Math.min(u, source.width - 1)) * 4;
          sum += 0.299 * source.data[at]! + 0.587 * source.data[at + 1]! + 0.114 * source.data[at + 2]!;
          count++;
        }
      }
      values[y * width + x] = sum / count;
    }
  }
  return { width, height, values };
}

/** Correlation of two grey pictures of one size: 1 for the same picture under any brightness and contrast. */
export function likeness(a: Grey, b: Grey): number {
  const mean = (of: Float64Array) => of.reduce((sum, value) => sum + value, 0) / of.length;
  const [meanA, meanB] = [mean(a.values), mean(b.values)];
  let [dot, squareA, squareB] = [0, 0, 0];
  a.values.forEach((value, at) => {
    const [da, db] = [value - meanA, b.values[at]! - meanB];
    dot += da * db;
    squareA += da * da;
    squareB += db * db;
  });
  return dot / Math.sqrt(squareA * squareB || 1);
}

/** Frames `from` to `to` (displayed, from zero) of a clip as upright PNG, decoded by the ffmpeg program. */
export function framesByFfmpeg(clip: string, from: number, to: number): Map<number, Buffer> {
  const folder = mkdtempSync(join(tmpdir(), "limpet-frames-"));
  try {
    execFileSync("ffmpeg", [
      "-v", "error", "-i", clip, "-map", "0:v:0", "-vf", `select='between(n,${from},${to})'`, "-vsync", "passthrough",
      join(folder, "%04d.png"),
    ]);
    return new Map(readdirSync(folder).sort().map((name, at) => [from + at, readFileSync(join(folder, name))]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Where a picture of `width` x `height` lies when it is fitted into a canvas, leaving out a margin of each side. */
export function fitted(canvas: Buffer, width: number, height: number, margin = 0.05): Part {
  const { width: w, height: h } = PNG.sync.read(canvas);
  const scale = Math.min(w / width, h / height);
  const [partW, partH] = [(width * scale) / w, (height * scale) / h];
  return {
    left: (1 - partW) / 2 + partW * margin,
    right: (1 + partW) / 2 - partW * margin,
    top: (1 - partH) / 2 + partH * margin,
    bottom: (1 + partH) / 2 - partH * margin,
  };
}
