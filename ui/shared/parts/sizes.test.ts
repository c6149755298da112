import { expect, test } from "vitest";
import { choose } from "../i18n";
import { share, sizeOf } from "./sizes";

test("sizes are said in the unit that fits", () => {
  choose("en");
  expect([sizeOf(12), sizeOf(380_000), sizeOf(12_400_000), sizeOf(209_715_200)]).toEqual([
    "1 kB",
    "380 kB",
    "12.4 MB",
    "210 MB",
  ]);
  choose("es");
  expect(sizeOf(12_400_000)).toBe("12,4 MB");
});

test("a transfer is not complete before its last byte", () => {
  expect([share(0, 0), share(0, 10), share(999, 1000), share(1000, 1000)]).toEqual([0, 0, 99, 100]);
});
