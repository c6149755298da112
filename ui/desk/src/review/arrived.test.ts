import { expect, it } from "vitest";
import { gapsOf, isIn, type Run } from "./arrived";

it("knows what is not here, before, between and after what is", () => {
  const runs: Run[] = [
    [2, 4],
    [6, 6],
  ];
  expect(gapsOf(runs, 10)).toEqual([
    [0, 1],
    [5, 5],
    [7, 9],
  ]);
  expect([1, 2, 4, 5, 6, 7].map((frame) => isIn(runs, frame))).toEqual([false, true, true, false, true, false]);
});

it("has no gap where everything is here, and nothing but a gap where nothing is", () => {
  expect(gapsOf([[0, 9]], 10)).toEqual([]);
  expect(gapsOf([], 10)).toEqual([[0, 9]]);
  expect(gapsOf([], 0)).toEqual([]);
});
