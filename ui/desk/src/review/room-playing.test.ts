import type { SoundClock } from "@limpet/shared/gen/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CLIP } from "./room-scene";
import { SoundScene, clip, clockAt, frameOf } from "./sound-scene";

let scene: SoundScene;

beforeEach(() => {
  scene = new SoundScene();
});

afterEach(() => scene.end());

describe("playing with sound", () => {
  beforeEach(() => scene.enter(clip));

  it("asks for the sound from the frame on the glass and waits for its first word", async () => {
    let begun: (clock: SoundClock) => void = () => undefined;
    scene.answers.play_sound = () => new Promise((resolve) => (begun = resolve));
    scene.room.act({ do: "step", by: 2 });
    await scene.answer();
    scene.room.act({ do: "toggle" });
    const at = clip.times[2]!;
    expect(scene.played()).toEqual([{ clip: CLIP, from: at, rate: 1, between: null, muted: false }]);
    await scene.beat(400);
    expect([scene.room.state.playing, scene.room.state.frame]).toEqual([true, 2]);
    begun(clockAt(at));
    await scene.watch(320);
    expect(scene.room.state.frame).toBeGreaterThanOrEqual(frameOf(at + 250_000));
    expect(scene.room.state.frame).toBeLessThanOrEqual(frameOf(at + 400_000));
  });

  it("follows the desk's clock, not its own", async () => {
    scene.room.act({ do: "toggle" });
    await scene.beat();
    // A device that stood still for a while, then a word that the sound is further than thought.
    await scene.watch(200);
    scene.sounds(clockAt(10_000));
    await scene.watch(48);
    expect(scene.room.state.wanted).toBeLessThanOrEqual(frameOf(120_000));
    scene.sounds(clockAt(900_000));
    await scene.watch(32);
    expect(scene.room.state.wanted).toBeGreaterThanOrEqual(frameOf(900_000));
    // What is said of another clip is not for this room.
    scene.sounds(clockAt(0), "0190-other");
    await scene.watch(32);
    expect(scene.room.state.wanted).toBeGreaterThanOrEqual(frameOf(900_000));
  });

  it("asks for the frame that is due when it will be drawn", async () => {
    const began = performance.now();
    scene.room.act({ do: "toggle" });
    // A decoder that takes 96 ms for a picture: two or three frames.
    const late: number[] = [];
    for (let turn = 0; turn < 14; turn++) {
      await scene.beat(80);
      if (scene.room.session.waiting) await scene.answer();
      late.push(frameOf((performance.now() - began) * 1000) - scene.room.state.frame);
    }
    expect(late.slice(-5).reduce((sum, frames) => sum + frames, 0) / 5).toBeLessThan(1);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(-1);
  });

  it("stops on the frame that was heard last, and steps from there", async () => {
    scene.room.act({ do: "toggle" });
    await scene.watch(320);
    const at = clip.times[9]! + 500;
    scene.answers.stop_sound = () => clockAt(at, { playing: false });
    scene.room.act({ do: "freeze" });
    expect(scene.room.state.playing).toBe(false);
    await scene.beat();
    expect(scene.made("stop_sound")).toEqual([CLIP]);
    await scene.answer();
    expect([scene.room.state.frame, scene.room.state.settled]).toEqual([9, true]);
    scene.room.act({ do: "step", by: 1 });
    await scene.answer();
    expect(scene.room.state.frame).toBe(10);
    // A late word of the sound that has stopped moves nothing.
    scene.sounds(clockAt(0));
    await scene.watch(64);
    expect([scene.room.state.playing, scene.room.state.frame]).toEqual([false, 10]);
  });

  it("is told to stop only after it was told to play, and not to play what was stopped meanwhile", async () => {
    let begun: (clock: SoundClock) => void = () => undefined;
    scene.answers.play_sound = () => new Promise((resolve) => (begun = resolve));
    const told = () => scene.names.filter((name) => name.endsWith("_sound"));
    for (let press = 0; press < 4; press++) {
      scene.room.act({ do: "toggle" });
      await scene.beat();
    }
    expect([scene.room.state.playing, told()]).toEqual([false, ["play_sound"]]);
    begun(clockAt(0));
    await scene.beat();
    expect(told()).toEqual(["play_sound", "stop_sound", "stop_sound"]);
    await scene.watch(320);
    expect([scene.room.state.playing, scene.room.state.frame]).toEqual([false, 0]);
    scene.room.act({ do: "toggle" });
    expect(told().at(-1)).toBe("play_sound");
  });

  it("lets a hand that was faster than the answer have its way", async () => {
    scene.room.act({ do: "toggle" });
    await scene.watch(160);
    let stopped: (clock: SoundClock) => void = () => undefined;
    scene.answers.stop_sound = () => new Promise((resolve) => (stopped = resolve));
    const before = scene.room.state.frame;
    scene.room.act({ do: "step", by: -1 });
    await scene.answer();
    stopped(clockAt(clip.times[20]!, { playing: false }));
    await scene.watch(64);
    expect(scene.room.state.frame).toBe(before - 1);
  });

  it("ends with the sound, on the last frame", async () => {
    scene.room.act({ do: "toggle" });
    await scene.watch(64);
    scene.sounds(clockAt(clip.duration, { playing: false }));
    await scene.beat();
    await scene.answer();
    expect([scene.room.state.playing, scene.room.state.frame, scene.room.state.settled]).toEqual([false, 39, true]);
    expect(scene.made("stop_sound")).toEqual([]);
  });

  it("goes on where it is when the rate changes, at the time the sound says", async () => {
    scene.room.act({ do: "toggle" });
    await scene.watch(160);
    scene.room.act({ do: "faster" });
    expect(scene.played().at(-1)).toEqual({ clip: CLIP, from: null, rate: 2, between: null, muted: false });
    const before = scene.room.state.wanted;
    await scene.watch(96);
    expect(scene.room.state.wanted).toBeLessThanOrEqual(frameOf(clip.times[before]! + 180_000));
    scene.sounds(clockAt(300_000, { rate: 2 }));
    await scene.watch(320);
    expect(scene.room.state.wanted).toBeGreaterThanOrEqual(frameOf(800_000));
    expect(scene.room.state.rate).toBe(2);
  });

  it("goes round between the marks, in step with the sound", async () => {
    scene.room.act({ do: "markA" });
    scene.room.act({ do: "step", by: 5 });
    await scene.answer();
    scene.room.act({ do: "markB" });
    scene.room.act({ do: "toggle" });
    const b = clip.times[6]!;
    expect(scene.played()).toEqual([{ clip: CLIP, from: clip.times[0]!, rate: 1, between: { a: 0, b }, muted: false }]);
    const seen = new Set<number>();
    let [before, rounds] = [0, 0];
    for (let ms = 16; ms < 1600; ms += 16) {
      await scene.watch(16);
      // For a while nothing is said.
      if (ms % 256 === 0 && ms < 700) scene.sounds(clockAt(((ms - 16) * 1000) % b));
      if (scene.room.state.wanted < before) rounds += 1;
      before = scene.room.state.wanted;
      seen.add(before);
      expect(scene.room.state.playing).toBe(true);
    }
    expect(rounds).toBeGreaterThanOrEqual(Math.floor(1_500_000 / b));
    expect([...seen].toSorted((one, other) => one - other)).toEqual([0, 1, 2, 3, 4, 5]);
    scene.room.act({ do: "clearMarks" });
    expect(scene.played().at(-1)).toMatchObject({ from: null, between: null });
  });

  it("backwards is silent and goes by itself", async () => {
    scene.room.act({ do: "last" });
    await scene.answer();
    scene.room.act({ do: "backward" });
    await scene.watch(320);
    expect(scene.played()).toEqual([]);
    expect(scene.room.state.frame).toBeLessThan(35);
    scene.room.act({ do: "forward" });
    expect(scene.played()).toHaveLength(1);
    await scene.watch(64);
    scene.room.act({ do: "backward" });
    await scene.watch(32);
    expect(scene.made("stop_sound")).toEqual([CLIP]);
    expect(scene.room.state.backward).toBe(true);
  });
});
