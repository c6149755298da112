// Runs the shader and the 2D canvas for real on a table without any order, and compares every colour with what
// `lookUp` of src/review/colour.ts says. `node tests/review/tones.mjs`, from ui/desk; exits 1 when a colour is not
// what it should be. The reading by eight nodes, as graphics hardware does by itself, is shown beside it.

import { resolve } from "node:path";
import { startRooms } from "./room.mjs";
import { EDGE, tableOf } from "./tonemap.mjs";

/** Every colour is a square of so many pixels, so that its middle is far from its neighbours' chroma. */
const SQUARE = 8;
const [COLUMNS, ROWS] = [64, 64];
/** Levels of 255 that the two may differ by: a half is rounding. */
const SLACK = 1;

const source = `/@fs${resolve(import.meta.dirname, "../../src/review")}`;
const scattered = tableOf(([r, g, b]) => {
  const at = r * 32 * 7919 + g * 32 * 104_729 + b * 32 * 1_299_709;
  return [(at % 251) / 250, (at % 241) / 240, (at % 239) / 238];
});
// Every node that is not grey is loud: none of it may show in grey.
const grey = tableOf(([r, g, b]) => (r === g && g === b ? [r, r, r] : [1, 0, 1]));

let bad = 0;
for (const webgl of [true, false]) {
  const rooms = await startRooms({ webgl });
  // A room that waits for its clip all the while: only its page is wanted.
  const page = await rooms.room("", { more: "&wait=600000" });
  const { lookUp, mixing, readTable } = await rooms.load("../../src/review/colour.ts");

  /** What each square shows, of Y'CbCr in full range. */
  const shown = (base64, squares) =>
    page.evaluate(
      async ([source, webgl, base64, squares, columns, rows, side]) => {
        const { paintGl } = await import(`${source}/paint-gl.ts`);
        const { paint2d } = await import(`${source}/paint-2d.ts`);
        const { readTable } = await import(`${source}/colour.ts`);
        const [width, height] = [columns * side, rows * side];
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [width, height];
        const painter = webgl ? paintGl(canvas) : paint2d(canvas);
        if (!painter) throw new Error(webgl ? "no WebGL2" : "no canvas");
        const plane = (of, scale) =>
          Uint8Array.from({ length: (width * height) / scale / scale }, (_, at) => {
            const across = width / scale;
            const column = Math.floor(((at % across) * scale) / side);
            return squares[Math.floor((Math.floor(at / across) * scale) / side) * columns + column][of];
          });
        const picture = {
          ...{ generation: 1, frame: 0, pts: 0, exact: true, hurt: false, rotation: 0, reflected: false },
          ...{ width, height, strideY: width, strideUv: width / 2, matrix: 9, fullRange: true, transfer: 18, primaries: 9 },
          ...{ y: plane(0, 1), u: plane(1, 2), v: plane(2, 2) },
        };
        painter.take(picture, readTable(base64));
        painter.draw({ x: 0, y: 0, width, height }, true);
        const sheet = document.createElement("canvas");
        [sheet.width, sheet.height] = [width, height];
        const pen = sheet.getContext("2d");
        pen.drawImage(canvas, 0, 0);
        const { data } = pen.getImageData(0, 0, width, height);
        return squares.map((_, at) => {
          const x = (at % columns) * side + side / 2;
          const y = Math.floor(at / columns) * side + side / 2;
          return [...data.slice((y * width + x) * 4, (y * width + x) * 4 + 3)];
        });
      },
      [source, webgl, base64, squares, COLUMNS, ROWS, SQUARE],
    );

  const { offset, rows } = mixing(9, true);
  const signalOf = (sample) => {
    const yuv = sample.map((level, axis) => level / 255 - offset[axis]);
    return rows.map((row) => Math.min(Math.max(row[0] * yuv[0] + row[1] * yuv[1] + row[2] * yuv[2], 0), 1));
  };
  const name = webgl ? "shader" : "2D canvas";

  const squares = Array.from({ length: COLUMNS * ROWS }, (_, at) => [(at * 37) % 256, 64 + ((at * 11) % 128), 64 + ((at * 101) % 128)]);
  const seen = await shown(scattered, squares);
  const table = readTable(scattered);
  const off = (told) => seen.flatMap((rgb, at) => rgb.map((level, axis) => Math.abs(level - told(signalOf(squares[at]))[axis])));
  const mean = (all) => all.reduce((sum, value) => sum + value, 0) / all.length;
  const four = off((signal) => lookUp(table, signal));
  const eight = off((signal) => cube(table, signal));
  const good = Math.max(...four) <= SLACK && mean(four) < 0.5 && mean(eight) > 10 * mean(four);
  bad += good ? 0 : 1;
  const said = (all) => `worst ${Math.max(...all).toFixed(2)}, mean ${mean(all).toFixed(3)}`;
  console.log(`${good ? "ok  " : "BAD "} ${name}: four nodes ${said(four)}; eight nodes ${said(eight)}`);

  const greys = Array.from({ length: COLUMNS * ROWS }, (_, at) => [at % 256, 128, 128]);
  const seenGreys = await shown(grey, greys);
  const worst = Math.max(...seenGreys.flatMap((rgb, at) => rgb.map((level) => Math.abs(level - (at % 256)))));
  bad += worst <= 1 ? 0 : 1;
  console.log(`${worst <= 1 ? "ok  " : "BAD "} ${name}: grey is off by ${worst} at most`);
  await page.close();
  await rooms.stop();
}
process.exit(bad ? 1 : 0);

/** Between the eight nodes around a signal. */
function cube(table, signal) {
  const low = signal.map((value) => Math.min(Math.floor(value * (EDGE - 1)), EDGE - 2));
  const part = signal.map((value, axis) => value * (EDGE - 1) - low[axis]);
  const sum = [0, 0, 0];
  for (let corner = 0; corner < 8; corner++) {
    const step = [corner & 1, (corner >> 1) & 1, corner >> 2];
    const weight = step.reduce((all, far, axis) => all * (far ? part[axis] : 1 - part[axis]), 1);
    const at = (low[0] + step[0] + EDGE * (low[1] + step[1] + EDGE * (low[2] + step[2]))) * 3;
    for (const axis of [0, 1, 2]) sum[axis] += weight * table[at + axis];
  }
  return sum;
}
