import { describe, expect, it } from "vitest";
import { Pace } from "./pace";

describe("pace", () => {
  it("says nothing before it knows", () => {
    const pace = new Pace();
    expect(pace.secondsLeft(1000)).toBeNull();
    pace.mark(0, 0);
    pace.mark(100, 500);
    expect(pace.secondsLeft(1000)).toBeNull();
  });

  it("divides what is left by the speed of the last seconds", () => {
    const pace = new Pace();
    for (let second = 0; second <= 4; second++) pace.mark(second * 100, second * 1000);
    expect(pace.secondsLeft(1000)).toBeCloseTo(6);
    for (let second = 5; second <= 40; second++) pace.mark(400 + (second - 4) * 10, second * 1000);
    expect(pace.secondsLeft(1000)).toBeCloseTo(24);
  });

  it("starts over when bytes have to go again", () => {
    const pace = new Pace();
    pace.mark(0, 0);
    pace.mark(900, 3000);
    pace.mark(200, 4000);
    expect(pace.secondsLeft(1000)).toBeNull();
  });
});
