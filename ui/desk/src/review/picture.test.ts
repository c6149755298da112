import { describe, expect, it } from "vitest";
import { readPicture } from "./picture";
import { message } from "./testing";

describe("a picture message", () => {
  it("is read field by field, planes by their strides", () => {
    const bytes = message({
      generation: 4_000_000_001,
      frame: 372,
      pts: -7_000_000_000,
      width: 5,
      height: 3,
      strideY: 8,
      strideUv: 4,
      exact: true,
      matrix: 9,
      fullRange: true,
      transfer: 18,
      rotation: 270,
      reflected: true,
      primaries: 9,
      y: Uint8Array.from({ length: 24 }, (_, at) => at),
      u: new Uint8Array(8).fill(77),
      v: new Uint8Array(8).fill(88),
    });
    const picture = readPicture(bytes);
    expect(picture).toMatchObject({
      generation: 4_000_000_001,
      frame: 372,
      pts: -7_000_000_000,
      width: 5,
      height: 3,
      strideY: 8,
      strideUv: 4,
      exact: true,
      matrix: 9,
      fullRange: true,
      transfer: 18,
      rotation: 270,
      reflected: true,
      primaries: 9,
    });
    expect(picture?.y).toHaveLength(24);
    expect(picture?.y[23]).toBe(23);
    expect([...(picture?.u ?? [])]).toEqual(new Array(8).fill(77));
    expect([...(picture?.v ?? [])]).toEqual(new Array(8).fill(88));
  });

  it("lies byte for byte where crates/wire/src/frames.rs says", () => {
    const view = new DataView(message({ generation: 1, frame: 2, width: 2, height: 2, exact: false, rotation: 90 }));
    expect(view.getUint32(0, true)).toBe(1);
    expect(view.getUint32(4, true)).toBe(2);
    expect(view.getUint32(16, true)).toBe(2);
    expect(view.getUint8(32)).toBe(0);
    expect(view.getUint16(36, true)).toBe(90);
  });

  it("says by two bits whether it is exact and whether it is hurt", () => {
    const said = [0, 1, 2, 3].map((bits) => {
      const bytes = message({ width: 2, height: 2 });
      new DataView(bytes).setUint8(32, bits);
      const picture = readPicture(bytes);
      return [picture?.exact, picture?.hurt];
    });
    expect(said).toEqual([
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ]);
  });

  it("is refused when it is shorter than it says", () => {
    const whole = message({ width: 16, height: 16 });
    expect(readPicture(whole)).not.toBeNull();
    expect(readPicture(whole.slice(0, whole.byteLength - 1))).toBeNull();
    expect(readPicture(whole.slice(0, 39))).toBeNull();
    expect(readPicture(new ArrayBuffer(0))).toBeNull();
  });

  it("is refused when a row is longer than its stride, or when it has no size", () => {
    const narrow = message({ width: 16, height: 16 });
    new DataView(narrow).setUint32(24, 15, true);
    expect(readPicture(narrow)).toBeNull();
    const empty = message({ width: 16, height: 16 });
    new DataView(empty).setUint32(16, 0, true);
    expect(readPicture(empty)).toBeNull();
  });

  it("shows what it does not know as ordinary video", () => {
    const odd = message({ width: 2, height: 2 });
    new DataView(odd).setUint8(33, 7);
    new DataView(odd).setUint8(39, 200);
    expect(readPicture(odd)).toMatchObject({ matrix: 1, primaries: 1 });
  });
});
