import { describe, expect, it } from "vitest";
import * as geometry from "./geometry";
import { turnOf } from "./paint-2d";
import type { Rotation } from "./picture";

const { WHOLE, panBy, placeOf, pointUnder, settle, storedPoint, uprightSize, usefulSize, zoomAt, zoomLimit } = geometry;

const GLASS = { width: 1440, height: 700 };
const WIDE = { width: 1920, height: 1080 };
const clip = { width: 1920, height: 1080, sar_num: 1, sar_den: 1, rotation: 0 };
const ROTATIONS: Rotation[] = [0, 90, 180, 270];

describe("the upright size", () => {
  it("changes places for a clip filmed upright", () => {
    expect(uprightSize({ ...clip, rotation: 90 })).toEqual({ width: 1080, height: 1920 });
    expect(uprightSize({ ...clip, rotation: 180 })).toEqual(WIDE);
  });

  it("applies the shape of pixels along the stored width, and ignores a shape of nothing", () => {
    expect(uprightSize({ ...clip, width: 720, height: 576, sar_num: 64, sar_den: 45 }).width).toBeCloseTo(1024);
    expect(uprightSize({ ...clip, sar_num: 4, sar_den: 3, rotation: 270 })).toEqual({ width: 1080, height: 2560 });
    expect(uprightSize({ ...clip, sar_num: 0, sar_den: 1 })).toEqual(WIDE);
  });
});

describe("the place of the picture", () => {
  it("is as large as the glass allows and in its middle", () => {
    const place = placeOf(WIDE, GLASS, WHOLE);
    expect(place.height).toBeCloseTo(700);
    expect(place.width).toBeCloseTo(1244.44, 1);
    expect(place.x).toBeCloseTo((1440 - place.width) / 2);
    expect(place.y).toBeCloseTo(0);
  });

  it("keeps the point under the pointer when zooming, away from the edges", () => {
    let view = zoomAt(WIDE, GLASS, WHOLE, 3, { x: 720, y: 350 });
    for (const [factor, x, y] of [
      [1.4, 600, 300],
      [1.7, 900, 420],
      [0.8, 700, 200],
    ] as const) {
      const before = pointUnder(WIDE, GLASS, view, { x, y });
      view = zoomAt(WIDE, GLASS, view, factor, { x, y });
      const after = pointUnder(WIDE, GLASS, view, { x, y });
      expect(after.x).toBeCloseTo(before.x, 6);
      expect(after.y).toBeCloseTo(before.y, 6);
    }
  });

  it("never leaves glass empty where there could be picture", () => {
    const view = settle(WIDE, GLASS, { zoom: 3, x: -4, y: 9 });
    const place = placeOf(WIDE, GLASS, view);
    expect(place.x).toBeCloseTo(0);
    expect(place.y + place.height).toBeCloseTo(GLASS.height);
  });

  it("comes back whole when zoomed out, wherever it was", () => {
    const near = zoomAt(WIDE, GLASS, WHOLE, 5, { x: 10, y: 10 });
    expect(zoomAt(WIDE, GLASS, near, 1e-3, { x: 1400, y: 650 })).toEqual(WHOLE);
  });

  it("zooms until one pixel is sixteen, and at least eightfold", () => {
    expect(zoomLimit(WIDE, GLASS) * geometry.fitScale(WIDE, GLASS)).toBeCloseTo(16);
    expect(zoomLimit({ width: 64, height: 64 }, GLASS)).toBe(8);
    expect(zoomAt(WIDE, GLASS, WHOLE, 1e9, { x: 0, y: 0 }).zoom).toBe(zoomLimit(WIDE, GLASS));
  });

  it("follows the hand that drags it, pixel for pixel", () => {
    const view = zoomAt(WIDE, GLASS, WHOLE, 4, { x: 720, y: 350 });
    const moved = panBy(WIDE, GLASS, view, 31, -17);
    const from = placeOf(WIDE, GLASS, view);
    const to = placeOf(WIDE, GLASS, moved);
    expect(to.x - from.x).toBeCloseTo(31);
    expect(to.y - from.y).toBeCloseTo(-17);
  });

  it("survives a glass that has no size yet", () => {
    const none = { width: 0, height: 0 };
    for (const view of [zoomAt(WIDE, none, WHOLE, 2, { x: 0, y: 0 }), panBy(WIDE, none, WHOLE, 3, 3)]) {
      expect(Object.values(view).every(Number.isFinite)).toBe(true);
    }
  });
});

describe("the useful size", () => {
  it("is what the glass shows, along the stored axes", () => {
    expect(usefulSize(clip, GLASS, 1)).toEqual({ width: 1245, height: 700 });
    const upright = usefulSize({ ...clip, rotation: 90 }, GLASS, 1);
    expect(upright).toEqual({ width: 700, height: 394 });
  });

  it("is everything once the glass shows as much as there is", () => {
    expect(usefulSize(clip, GLASS, 2)).toEqual({ width: 0, height: 0 });
    expect(usefulSize({ ...clip, width: 64, height: 64 }, GLASS, 1)).toEqual({ width: 0, height: 0 });
    expect(usefulSize(clip, { width: 0, height: 0 }, 1)).toEqual({ width: 0, height: 0 });
  });

  it("gives wide pixels no fewer samples than they cover", () => {
    const wide = usefulSize({ ...clip, sar_num: 2, sar_den: 1 }, GLASS, 1);
    expect(wide.width).toBeGreaterThanOrEqual(1440);
    expect(wide.height / wide.width).toBeCloseTo(1080 / 1920, 2);
  });
});

// A B C
// D E F  as stored; the same letters as the tests of crates/video/src/orientation.rs.
const STORED = ["ABC", "DEF"];

function upright(rotation: Rotation, reflected: boolean): string {
  const [wide, high] = rotation % 180 === 0 ? [3, 2] : [2, 3];
  let seen = "";
  for (let y = 0; y < high; y++) {
    for (let x = 0; x < wide; x++) {
      const at = storedPoint({ x: (x + 0.5) / wide, y: (y + 0.5) / high }, rotation, reflected);
      seen += STORED[Math.floor(at.y * 2)]?.[Math.floor(at.x * 3)];
    }
  }
  return seen;
}

describe("the stored point", () => {
  it("turns clockwise, after mirroring", () => {
    expect(ROTATIONS.map((rotation) => upright(rotation, false))).toEqual(["ABCDEF", "DAEBFC", "FEDCBA", "CFBEAD"]);
    expect(ROTATIONS.map((rotation) => upright(rotation, true))).toEqual(["CBAFED", "FCEBDA", "DEFABC", "ADBECF"]);
  });

  it("is where the 2D canvas draws it", () => {
    const place = { x: 100, y: 50, width: 400, height: 800 };
    for (const rotation of ROTATIONS) {
      for (const reflected of [false, true]) {
        const [a, b, c, d, e, f] = turnOf({ rotation, reflected }, place);
        for (const point of [
          { x: 0.1, y: 0.3 },
          { x: 0.9, y: 0.2 },
        ]) {
          const stored = storedPoint(point, rotation, reflected);
          expect(a * stored.x + c * stored.y + e).toBeCloseTo(place.x + point.x * place.width);
          expect(b * stored.x + d * stored.y + f).toBeCloseTo(place.y + point.y * place.height);
        }
      }
    }
  });
});
