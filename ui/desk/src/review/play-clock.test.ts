import { expect, it } from "vitest";
import { PlayClock } from "./play-clock";

const SECOND = 1_000_000;

function playing(rate = 1): PlayClock {
  const clock = new PlayClock();
  clock.start(0, 0, rate);
  return clock;
}

it("counts on by itself, forwards and backwards", () => {
  expect(playing(0.5).at(1000)).toBe(SECOND / 2);
  const back = new PlayClock();
  back.start(5 * SECOND, 0, -2);
  expect(back.at(1000)).toBe(3 * SECOND);
});

it("makes up for a small difference smoothly and never goes back", () => {
  for (const rate of [0.1, 0.5, 1, 4]) {
    for (const off of [-100, -20, 20, 100]) {
      const clock = playing(rate);
      const told = (1000 + off) * 1000 * rate;
      clock.hear(told, rate, 1000);
      expect(clock.at(1000)).toBeCloseTo(SECOND * rate);
      let before = clock.at(1000);
      for (let ms = 1000; ms <= 2000; ms += 10) {
        const at = clock.at(ms);
        expect(at).toBeGreaterThanOrEqual(before);
        expect(at - before).toBeLessThanOrEqual(10_000 * rate * 1.3 + 1);
        before = at;
      }
      expect(clock.at(2000)).toBeCloseTo(told + SECOND * rate);
    }
  }
});

it("jumps when it is far off", () => {
  const clock = playing();
  clock.hear(9 * SECOND, 1, 1000);
  expect(clock.at(1000)).toBe(9 * SECOND);
});

it("waits at a rate of nothing until it hears where it is", () => {
  const clock = playing(0);
  expect(clock.at(400)).toBe(0);
  clock.hear(20_000, 0.5, 400);
  expect(clock.at(400)).toBe(20_000);
  expect(clock.at(600)).toBe(120_000);
});

it("takes another rate from where it is", () => {
  const clock = playing();
  clock.setRate(4, 1000);
  expect(clock.at(1000)).toBe(SECOND);
  expect(clock.at(1500)).toBe(3 * SECOND);
  clock.hear(3 * SECOND + 8000, 0.5, 1500);
  expect(clock.at(1500)).toBe(3 * SECOND);
  expect(clock.at(2500)).toBe(3.5 * SECOND + 8000);
});

it("knows that the end of a loop is near its beginning", () => {
  const clock = playing();
  const turn = SECOND;
  // Mine has gone round already, 10 ms after the beginning; the desk's last word is from just before the end.
  clock.start(2 * SECOND + 10_000, 0, 1);
  clock.hear(3 * SECOND - 15_000, 1, 0, turn);
  expect(clock.at(0)).toBe(2 * SECOND + 10_000);
  expect(clock.at(500)).toBeCloseTo(2.5 * SECOND - 15_000);
});
