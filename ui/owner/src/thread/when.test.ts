import { choose } from "@limpet/shared/i18n";
import { beforeEach, describe, expect, it } from "vitest";
import { day, left, length } from "./when";

describe("times", () => {
  beforeEach(() => choose("en"));

  it("of what is left are coarse", () => {
    expect([0, 7.9, 8, 41, 57, 59, 100, 1700].map(left)).toEqual([
      "a few seconds",
      "a few seconds",
      "10 s",
      "45 s",
      "60 s",
      "about 1 min",
      "about 2 min",
      "about 28 min",
    ]);
  });

  it("of clips are minutes and seconds", () => {
    expect([0, 41_400_000, 59_600_000, 725_000_000].map(length)).toEqual(["0:00", "0:41", "1:00", "12:05"]);
  });

  it("of days are near ones by name, also over the change of a month", () => {
    const now = new Date(2025, 2, 1, 9).getTime();
    expect(day(new Date(2025, 2, 1, 1).getTime(), now)).toBe("Today");
    expect(day(new Date(2025, 1, 28, 23).getTime(), now)).toBe("Yesterday");
    expect(day(new Date(2025, 1, 27, 23).getTime(), now)).toContain("27");
    choose("es");
    expect(day(new Date(2025, 1, 28, 23).getTime(), now)).toBe("Ayer");
  });
});
