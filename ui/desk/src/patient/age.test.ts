import { beforeEach, expect, test } from "vitest";
import { choose } from "@limpet/shared/i18n";
import { ageOf } from "./age";

/** The same moment and the same animals as in the tests of crates/transcript/src/when.rs. */
const AT = 1_795_331_640_000;
const age = (born: string, now = AT, zone = "UTC") => ageOf(born, now, zone);
beforeEach(() => choose("en"));

test("ages are as exact as the birth date", () => {
  expect(age("2017-07-04")).toBe("9 years");
  expect(age("2025-09")).toBe("14 months");
  expect(age("2026-10-20")).toBe("4 weeks");
  expect(age("2020")).toBe("~6 years");
  expect(age("")).toBe("");
  expect(age("last spring")).toBe("");
  expect(age("2031-01-01")).toBe("");
});

test("from two years on in years, from two months on in months, before that in weeks", () => {
  expect([age("2024-11-22"), age("2024-11-23")]).toEqual(["2 years", "23 months"]);
  expect([age("2026-09-22"), age("2026-09-23")]).toEqual(["2 months", "8 weeks"]);
  expect([age("2026-11-15"), age("2026-11-16"), age("2026-11-22"), age("2026-11-23")]).toEqual(["1 week", "0 weeks", "0 weeks", ""]);
  expect([age("2025"), age("2026"), age("2027")]).toEqual(["~1 year", "~0 years", ""]);
  expect([age("2026-02-30"), age("2026-13"), age("2026-1-1-1")]).toEqual(["", "", ""]);
});

test("a month that has no such day ends with its last", () => {
  const on = (day: string) => Date.parse(`${day}T12:00Z`);
  expect(age("2026-12-31", on("2027-02-28"))).toBe("8 weeks");
  expect(age("2026-12-31", on("2027-03-01"))).toBe("2 months");
  expect(age("2024-02-29", on("2026-02-28"))).toBe("23 months");
});

test("a birthday begins with the practice's day", () => {
  expect(age("2017-11-23", Date.parse("2026-11-22T23:30Z"), "UTC")).toBe("8 years");
  expect(age("2017-11-23", Date.parse("2026-11-22T23:30Z"), "Europe/Madrid")).toBe("9 years");
});
