import type { ClipIndex } from "@limpet/shared/gen/wire";
import { beforeEach, describe, expect, it } from "vitest";
import { WHOLE } from "./geometry";
import { ReviewState } from "./review-state.svelte";
import { phoneClip } from "./testing";

let view: ReviewState;
const draw = (frame: number, exact = true, width = 640, height = 360) =>
  (view.drawn = { frame, exact, hurt: false, generation: 1, width, height });

beforeEach(() => {
  view = new ReviewState();
  view.resize({ width: 1440, height: 700 });
  view.open(phoneClip(12));
});

describe("stepping", () => {
  it("goes frame by frame whatever the frames last, and stops at both ends", () => {
    const seen: number[] = [];
    for (let press = 0; press < 14; press++) {
      seen.push(view.timeOf(view.wanted));
      view.step(1);
    }
    expect(seen.slice(0, 12)).toEqual(phoneClip(12).times);
    expect(view.wanted).toBe(11);
    view.step(-100);
    expect(view.wanted).toBe(0);
  });

  it("reads time and time since the previous frame from the index", () => {
    draw(2);
    expect(view.timeOf(view.frame)).toBe(phoneClip().times[2]);
    expect(view.deltaOf(view.frame)).toBe(17);
    draw(1);
    expect(view.deltaOf(view.frame)).toBe(67);
    draw(0);
    expect(view.deltaOf(view.frame)).toBeNull();
  });

  it("comes back to the same frame when the clip is opened again", () => {
    view.goTo(7);
    view.open(phoneClip(12));
    expect(view.wanted).toBe(7);
    view.open(phoneClip(3));
    expect(view.wanted).toBe(2);
  });
});

describe("a clip that still arrives", () => {
  /** Without the frames that were sent after the sixth and are shown before it. */
  const partly = (): ClipIndex => {
    const clip = phoneClip(12);
    const times = clip.times.filter((_, frame) => frame !== 4 && frame !== 5);
    return { ...clip, times };
  };

  it("says what is not here, until all of it is", () => {
    view.open(phoneClip(12), false);
    expect(view.gaps).toEqual([[0, 11]]);
    view.arrive([
      [0, 3],
      [8, 9],
    ]);
    view.open(phoneClip(12), false);
    expect(view.gaps).toEqual([
      [4, 7],
      [10, 11],
    ]);
    view.open(phoneClip(12));
    expect([view.gaps, view.arrived]).toEqual([[], null]);
  });

  it("keeps the frame, the marks and the view when more is known", () => {
    view.open(phoneClip(8), false);
    view.goTo(6);
    draw(6);
    view.mark("a");
    view.zoom(3, { x: 100, y: 200 });
    const before = view.view;
    view.open(phoneClip(12));
    expect([view.wanted, view.markA, view.settled, view.last]).toEqual([6, 6, true, 11]);
    expect(view.view).toEqual(before);
  });

  it("finds frames by their time when their numbers move, and takes none for another", () => {
    view.open(partly(), false);
    draw(6);
    view.mark("b");
    draw(2);
    view.mark("a");
    view.goTo(5);
    draw(5);
    const time = view.timeOf(view.frame);
    view.open(phoneClip(12));
    expect([view.markA, view.markB, view.wanted, view.frame]).toEqual([2, 8, 7, 7]);
    expect(view.timeOf(view.frame)).toBe(time);
    expect(view.settled).toBe(false);
  });
});

describe("a picture before the clip is known", () => {
  beforeEach(() => {
    view = new ReviewState();
    view.resize({ width: 1440, height: 700 });
  });

  it("is placed upright by its own shape", () => {
    expect(view.upright).toEqual({ width: 0, height: 0 });
    view.foresee({ width: 1280, height: 720, rotation: 90 });
    expect(view.upright).toEqual({ width: 720, height: 1280 });
  });

  it("has no say once the clip is known", () => {
    view.foresee({ width: 1280, height: 720, rotation: 0 });
    view.open(phoneClip(12));
    view.foresee({ width: 1280, height: 720, rotation: 0 });
    expect(view.upright).toEqual({ width: 1080, height: 1920 });
  });
});

describe("the timeline", () => {
  it("is divided by time, not by number of frames", () => {
    const { times, duration } = phoneClip(12);
    for (const [frame, time] of times.entries()) {
      expect(view.frameAtShare((time + 1) / duration)).toBe(frame);
    }
    expect(view.frameAtShare(1)).toBe(11);
    expect(view.frameAtShare(-3)).toBe(0);
  });
});

describe("playing", () => {
  it("shows each frame for as long as the clip says", () => {
    view.play(1000);
    const due = [0, 33, 67, 68, 99, 101, 117].map((ms) => {
      view.tick(1000 + ms);
      return view.wanted;
    });
    expect(due).toEqual([0, 0, 1, 1, 2, 2, 3]);
  });

  it("is slower at a quarter, and does not jump when the rate changes", () => {
    view.setRate(0.25, 0);
    view.play(0);
    view.tick(260);
    expect(view.wanted).toBe(0);
    view.tick(268);
    expect(view.wanted).toBe(1);
    view.setRate(4, 268);
    view.tick(269);
    expect(view.wanted).toBe(1);
  });

  it("ends on the last frame, and begins again from the first", () => {
    view.play(0);
    view.tick(60_000);
    expect([view.playing, view.wanted]).toEqual([false, 11]);
    view.play(60_000);
    expect([view.playing, view.wanted]).toEqual([true, 0]);
  });

  it("runs backwards to the first frame", () => {
    view.goTo(5);
    view.play(0, true);
    view.tick(1);
    expect(view.wanted).toBe(4);
    view.tick(60_000);
    expect([view.playing, view.wanted]).toEqual([false, 0]);
  });

  it("freezes on the frame on the glass, not on the one that was due", () => {
    view.play(0);
    draw(3);
    view.tick(300);
    expect(view.wanted).toBeGreaterThan(3);
    view.freeze();
    expect([view.playing, view.wanted]).toEqual([false, 3]);
  });

  it("steps from the frame on the glass", () => {
    view.play(0);
    draw(3);
    view.tick(300);
    view.step(1);
    expect([view.playing, view.wanted]).toEqual([false, 4]);
  });

  it("has nothing to play in a clip of one frame", () => {
    view.open(phoneClip(1));
    view.play(0);
    expect(view.playing).toBe(false);
  });

  it("goes through the rates one by one", () => {
    for (let press = 0; press < 9; press++) view.changeRate(1, 0);
    expect(view.rate).toBe(4);
    for (let press = 0; press < 9; press++) view.changeRate(-1, 0);
    expect(view.rate).toBe(0.1);
  });
});

describe("marks", () => {
  beforeEach(() => {
    draw(6);
    view.mark("a");
    draw(2);
    view.mark("b");
  });

  it("make a loop in either order", () => {
    expect(view.loop).toEqual({ first: 2, last: 6 });
  });

  it("are played round and round, whole last frame included", () => {
    const { times } = phoneClip(12);
    view.goTo(2);
    view.play(0);
    const length = ((times[7] ?? 0) - (times[2] ?? 0)) / 1000;
    view.tick(length - 0.1);
    expect(view.wanted).toBe(6);
    view.tick(length + 0.1);
    expect([view.playing, view.wanted]).toEqual([true, 2]);
  });

  it("are played from the first when the hand is outside", () => {
    view.goTo(10);
    view.play(0);
    expect(view.wanted).toBe(2);
  });

  it("go away when set again on the same frame", () => {
    view.mark("b");
    expect(view.loop).toBeNull();
    expect(view.markA).toBe(6);
    view.clearMarks();
    expect(view.markA).toBeNull();
  });
});

describe("wishes", () => {
  it("are for the whole picture on the glass while the hand moves", () => {
    view.zoom(3);
    expect(view.wish({ atRest: false, nearFirst: true })).toEqual({
      frame: 0,
      maxWidth: 700,
      maxHeight: 394,
      nearFirst: true,
    });
  });

  it("are for every pixel when the hand rests on something zoomed", () => {
    expect(view.wish({ atRest: true, nearFirst: false })).toMatchObject({ maxWidth: 700, maxHeight: 394 });
    view.zoom(1.5);
    expect(view.wish({ atRest: true, nearFirst: false })).toMatchObject({ maxWidth: 0, maxHeight: 0 });
  });

  it("are worth making when the picture is not exact, not the one, too small or far too large", () => {
    expect(view.couldBeBetter).toBe(true);
    draw(0, false, 700, 394);
    expect(view.couldBeBetter).toBe(true);
    draw(0, true, 700, 394);
    expect(view.couldBeBetter).toBe(false);
    view.goTo(1);
    expect(view.couldBeBetter).toBe(true);
    draw(1, true, 700, 394);
    view.zoom(2);
    expect(view.couldBeBetter).toBe(true);
    draw(1, true, 1920, 1080);
    expect(view.couldBeBetter).toBe(false);
    view.look(WHOLE);
    expect(view.couldBeBetter).toBe(true);
  });
});

describe("the view", () => {
  it("toggles between the whole picture and a close-up of a point", () => {
    view.toggleCloseUp({ x: 720, y: 300 });
    expect(view.view.zoom).toBe(3);
    view.toggleCloseUp({ x: 10, y: 10 });
    expect(view.view).toEqual({ zoom: 1, x: 0.5, y: 0.5 });
  });

  it("stays settled when the glass changes its size", () => {
    view.toggleCloseUp({ x: 720, y: 690 });
    view.resize({ width: 400, height: 3000 });
    expect(view.view.y).toBe(0.5);
  });
});
