import { beforeEach, expect, test } from "vitest";
import { choose } from "../i18n";
import { dayName, dayOf, length, moment, shortly, timeOfDay, waited } from "./times";

const MINUTE = 60_000;
const NEW_YORK = "America/New_York";
const noon = Date.UTC(2025, 10, 22, 17, 0); // Saturday, 12:00 in New York

beforeEach(() => choose("en"));

test("a wait is said in the two units that matter", () => {
  const ago = (minutes: number) => waited(noon - minutes * MINUTE, noon);
  expect([ago(0), ago(-3), ago(22), ago(64), ago(60 * 24), ago(60 * 51)]).toEqual([
    "now",
    "now",
    "22 min",
    "1 h 04",
    "1 d",
    "2 d 3 h",
  ]);
});

test("hours and days are the practice's", () => {
  const lateEvening = Date.UTC(2025, 10, 22, 3, 30); // still Friday in New York
  expect(timeOfDay(lateEvening, NEW_YORK)).toBe("22:30");
  expect(dayOf(lateEvening, NEW_YORK)).toBe("2025-11-21");
  expect(dayOf(lateEvening, "Europe/Madrid")).toBe("2025-11-22");
  expect(dayName(lateEvening, noon, NEW_YORK)).toBe("Yesterday");
  expect(dayName(lateEvening, noon, "Europe/Madrid")).toBe("Today");
});

test("a day further back says its date, another year its year", () => {
  expect(dayName(noon - 3 * 86_400_000, noon, NEW_YORK)).toBe("Wednesday");
  expect(dayName(Date.UTC(2025, 9, 4, 12), noon, NEW_YORK)).toBe("Saturday 4 October");
  expect(dayName(Date.UTC(2024, 9, 4, 12), noon, NEW_YORK)).toBe("Friday 4 October 2024");
});

test("a list says the hour today, then the weekday, then the date", () => {
  expect(shortly(noon - 60 * MINUTE, noon, NEW_YORK)).toBe("11:00");
  expect(shortly(noon - 2 * 86_400_000, noon, NEW_YORK)).toBe("Thu");
  expect(shortly(noon - 20 * 86_400_000, noon, NEW_YORK)).toBe("2 Nov");
});

test("Spanish says it in Spanish", () => {
  choose("es");
  expect(dayName(noon, noon, NEW_YORK)).toBe("Hoy");
  expect(dayName(noon - 3 * 86_400_000, noon, NEW_YORK)).toBe("Miércoles");
  expect(moment(noon, NEW_YORK)).toBe("22 nov 2025, 12:00");
});

test("a clip's length", () => {
  expect([length(0), length(230_000), length(41_200_000), length(725_000_000), length(3_723_000_000)]).toEqual([
    "0:00",
    "0:01",
    "0:41",
    "12:05",
    "1:02:03",
  ]);
});
