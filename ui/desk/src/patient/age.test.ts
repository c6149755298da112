import { beforeEach, expect, test } from "vitest";
import { choose } from "@limpet/shared/i18n";
import { ageOf } from "./age";

const now = new Date(2025, 10, 22).getTime();
beforeEach(() => choose("en"));

test("the age is as exact as the date of birth", () => {
  expect(ageOf("2016", now)).toBe("about 9 years");
  expect(ageOf("2016-03", now)).toBe("9 years");
  expect(ageOf("2016-12-01", now)).toBe("8 years");
  expect(ageOf("2025-06-23", now)).toBe("4 months");
  expect(ageOf("2025-06-22", now)).toBe("5 months");
  expect(ageOf("2025-11-01", now)).toBe("3 weeks");
});

test("nothing known, nothing said", () => {
  expect(ageOf("", now)).toBe("");
  expect(ageOf("unknown", now)).toBe("");
});
