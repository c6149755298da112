import { describe, expect, it } from "vitest";
import { clockOf, endOf, frameAt, sincePrevious } from "./times";

const TIMES = [0, 33_333, 100_000, 116_667];

describe("the frame at a time", () => {
  it("is the last one that has begun", () => {
    expect([0, 33_332, 33_333, 99_999, 100_000, 116_666, 116_667, 9e9].map((us) => frameAt(TIMES, us))).toEqual([
      0, 0, 1, 1, 2, 2, 3, 3,
    ]);
  });

  it("is the first before the first and in an empty clip", () => {
    expect(frameAt([500, 900], 0)).toBe(0);
    expect(frameAt([], 10)).toBe(0);
  });

  it("agrees with a walk through every frame of a long clip of uneven frames", () => {
    let seed = 7;
    const uneven = [0];
    for (let at = 1; at < 500; at++) {
      seed = (seed * 48_271) % 2_147_483_647;
      uneven.push((uneven[at - 1] ?? 0) + 1 + (seed % 90_000));
    }
    for (let us = 0; us < (uneven.at(-1) ?? 0) + 50_000; us += 7_919) {
      expect(frameAt(uneven, us)).toBe(uneven.findLastIndex((time) => time <= us));
    }
  });
});

describe("the end of a frame", () => {
  it("is the next one's beginning, and the clip's end for the last", () => {
    expect(endOf(TIMES, 0, 150_000)).toBe(33_333);
    expect(endOf(TIMES, 3, 150_000)).toBe(150_000);
  });

  it("comes after its beginning even where the clip says nothing about its length", () => {
    expect(endOf(TIMES, 3, 0)).toBeGreaterThan(116_667);
  });
});

describe("words for times", () => {
  it("are minutes, seconds and milliseconds", () => {
    expect([0, 12_433_333, 59_999_600, 61_000_000, 3_723_004_000].map(clockOf)).toEqual([
      "0:00.000",
      "0:12.433",
      "1:00.000",
      "1:01.000",
      "1:02:03.004",
    ]);
  });

  it("tell the time since the previous frame", () => {
    expect([0, 1, 2, 3].map((frame) => sincePrevious(TIMES, frame))).toEqual([null, 33, 67, 17]);
  });
});
