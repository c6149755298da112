// The glass on a 2D canvas, for webviews without WebGL2: the same colours, made one pixel at a time.

import { lookUp, mixing } from "./colour";
import type { Rect } from "./geometry";
import type { Painter } from "./painter";
import type { Picture } from "./picture";

export function paint2d(canvas: HTMLCanvasElement): Painter | null {
  const glass = canvas.getContext("2d", { alpha: false });
  const sheet = document.createElement("canvas");
  const pen = sheet.getContext("2d", { alpha: false });
  if (!glass || !pen) return null;
  let taken: Picture | null = null;

  return {
    take(picture, tones) {
      if (sheet.width !== picture.width || sheet.height !== picture.height) {
        sheet.width = picture.width;
        sheet.height = picture.height;
      }
      const image = pen.createImageData(picture.width, picture.height);
      toRgba(picture, tones, image.data);
      pen.putImageData(image, 0, 0);
      taken = picture;
    },
    draw(place, squares) {
      glass.setTransform(1, 0, 0, 1, 0, 0);
      glass.fillStyle = "black";
      glass.fillRect(0, 0, canvas.width, canvas.height);
      if (!taken) return;
      glass.imageSmoothingEnabled = !squares;
      glass.setTransform(...turnOf(taken, place));
      glass.drawImage(sheet, 0, 0, 1, 1);
    },
    dispose() {
      taken = null;
      sheet.width = sheet.height = 0;
    },
  };
}

type Turn = [a: number, b: number, c: number, d: number, e: number, f: number];

/** The canvas transform that takes the stored picture, as a unit square, to its place: mirrored first, then turned. */
export function turnOf({ rotation, reflected }: Pick<Picture, "rotation" | "reflected">, place: Rect): Turn {
  const { x, y, width: w, height: h } = place;
  const turned: Record<Picture["rotation"], Turn> = {
    0: [w, 0, 0, h, x, y],
    90: [0, h, -w, 0, x + w, y],
    180: [-w, 0, 0, -h, x + w, y + h],
    270: [0, -h, w, 0, x, y + h],
  };
  const [a, b, c, d, e, f] = turned[rotation];
  return reflected ? [-a, -b, c, d, e + a, f + b] : [a, b, c, d, e, f];
}

/** Fills `out` (RGBA) from a picture; through the tone table if there is one. */
export function toRgba(picture: Picture, tones: Uint8Array | null, out: Uint8ClampedArray): void {
  const { width, height, strideY, strideUv, y: luma, u: blue, v: red } = picture;
  const { offset, rows } = mixing(picture.matrix, picture.fullRange);
  const [[yr, , vr], [yg, ug, vg], [yb, ub]] = rows;
  const [y0, c0] = [offset[0] * 255, offset[1] * 255];
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at += 4) {
      const y = luma[row * strideY + column]! - y0;
      const chroma = (row >> 1) * strideUv + (column >> 1);
      const u = blue[chroma]! - c0;
      const v = red[chroma]! - c0;
      const r = y * yr + v * vr;
      const g = y * yg + u * ug + v * vg;
      const b = y * yb + u * ub;
      if (tones) out.set(lookUp(tones, [r / 255, g / 255, b / 255]), at);
      else {
        out[at] = r;
        out[at + 1] = g;
        out[at + 2] = b;
      }
      out[at + 3] = 255;
    }
  }
}
