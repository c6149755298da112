import type { PlaySound, SoundClock } from "@limpet/shared/gen/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CLIP, Scene } from "./room-scene";
import { phoneClip } from "./testing";

const OTHER = "0190-other";
const clip = phoneClip(40);

let scene: Scene;
let audio: boolean;

const played = () => scene.made("play_sound") as PlaySound[];
const clockAt = (at: number, some: Partial<SoundClock> = {}): SoundClock => ({ at, rate: 1, playing: true, silent: null, ...some });
const tell = (clock: SoundClock, of = CLIP) => scene.tell({ kind: "sound", clip: of, clock });

/** Lets time pass with a decoder that takes 16 ms for a picture. */
async function watch(ms: number) {
  for (let gone = 0; gone < ms; gone += 16) {
    if (scene.room.session.waiting && scene.line.last) await scene.answer();
    else await scene.beat();
  }
}

/** The frame that is on show at a time. */
const frameOf = (us: number) => clip.times.findLastIndex((time) => time <= us);

function begin() {
  scene = new Scene();
  Object.assign(scene.answers, {
    open_review: () => ({ clip: { id: CLIP, clip: { audio } }, socket: scene.address }),
    play_sound: (wanted: PlaySound) => clockAt(wanted.from ?? 0, { rate: wanted.rate }),
    stop_sound: () => clockAt(0, { playing: false }),
  });
}

beforeEach(() => {
  audio = true;
  begin();
});

afterEach(() => {
  if (scene.room.playing.sound.muted) scene.room.act({ do: "mute" });
  scene.end();
});

describe("playing with sound", () => {
  beforeEach(() => scene.enter(clip));

  it("asks for the sound from the frame on the glass and waits for its first word", async () => {
    let begun: (clock: SoundClock) => void = () => undefined;
    scene.answers.play_sound = () => new Promise((resolve) => (begun = resolve));
    scene.room.act({ do: "step", by: 2 });
    await scene.answer();
    scene.room.act({ do: "toggle" });
    const at = clip.times[2]!;
    expect(played()).toEqual([{ clip: CLIP, from: at, rate: 1, between: null, muted: false }]);
    await scene.beat(400);
    expect([scene.room.state.playing, scene.room.state.frame]).toEqual([true, 2]);
    begun(clockAt(at));
    await watch(320);
    expect(scene.room.state.frame).toBeGreaterThanOrEqual(frameOf(at + 250_000));
    expect(scene.room.state.frame).toBeLessThanOrEqual(frameOf(at + 400_000));
  });

  it("follows the desk's clock, not its own", async () => {
    scene.room.act({ do: "toggle" });
    await scene.beat();
    // A device that stood still for a while, then a word that the sound is further than thought.
    await watch(200);
    tell(clockAt(10_000));
    await watch(48);
    expect(scene.room.state.wanted).toBeLessThanOrEqual(frameOf(120_000));
    tell(clockAt(900_000));
    await watch(32);
    expect(scene.room.state.wanted).toBeGreaterThanOrEqual(frameOf(900_000));
    // What is said of another clip is not for this scene.room.
    tell(clockAt(0), OTHER);
    await watch(32);
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
    await watch(320);
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
    tell(clockAt(0));
    await watch(64);
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
    await watch(320);
    expect([scene.room.state.playing, scene.room.state.frame]).toEqual([false, 0]);
    scene.room.act({ do: "toggle" });
    expect(told().at(-1)).toBe("play_sound");
  });

  it("lets a hand that was faster than the answer have its way", async () => {
    scene.room.act({ do: "toggle" });
    await watch(160);
    let stopped: (clock: SoundClock) => void = () => undefined;
    scene.answers.stop_sound = () => new Promise((resolve) => (stopped = resolve));
    const before = scene.room.state.frame;
    scene.room.act({ do: "step", by: -1 });
    await scene.answer();
    stopped(clockAt(clip.times[20]!, { playing: false }));
    await watch(64);
    expect(scene.room.state.frame).toBe(before - 1);
  });

  it("ends with the sound, on the last frame", async () => {
    scene.room.act({ do: "toggle" });
    await watch(64);
    tell(clockAt(clip.duration, { playing: false }));
    await scene.beat();
    await scene.answer();
    expect([scene.room.state.playing, scene.room.state.frame, scene.room.state.settled]).toEqual([false, 39, true]);
    expect(scene.made("stop_sound")).toEqual([]);
  });

  it("goes on where it is when the rate changes, at the time the sound says", async () => {
    scene.room.act({ do: "toggle" });
    await watch(160);
    scene.room.act({ do: "faster" });
    expect(played().at(-1)).toEqual({ clip: CLIP, from: null, rate: 2, between: null, muted: false });
    const before = scene.room.state.wanted;
    await watch(96);
    expect(scene.room.state.wanted).toBeLessThanOrEqual(frameOf(clip.times[before]! + 180_000));
    tell(clockAt(300_000, { rate: 2 }));
    await watch(320);
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
    expect(played()).toEqual([{ clip: CLIP, from: clip.times[0]!, rate: 1, between: { a: 0, b }, muted: false }]);
    const seen = new Set<number>();
    let [before, rounds] = [0, 0];
    for (let ms = 16; ms < 1600; ms += 16) {
      await watch(16);
      // For a while nothing is said.
      if (ms % 256 === 0 && ms < 700) tell(clockAt(((ms - 16) * 1000) % b));
      if (scene.room.state.wanted < before) rounds += 1;
      before = scene.room.state.wanted;
      seen.add(before);
      expect(scene.room.state.playing).toBe(true);
    }
    expect(rounds).toBeGreaterThanOrEqual(Math.floor(1_500_000 / b));
    expect([...seen].toSorted((one, other) => one - other)).toEqual([0, 1, 2, 3, 4, 5]);
    scene.room.act({ do: "clearMarks" });
    expect(played().at(-1)).toMatchObject({ from: null, between: null });
  });

  it("backwards is silent and goes by itself", async () => {
    scene.room.act({ do: "last" });
    await scene.answer();
    scene.room.act({ do: "backward" });
    await watch(320);
    expect(played()).toEqual([]);
    expect(scene.room.state.frame).toBeLessThan(35);
    scene.room.act({ do: "forward" });
    expect(played()).toHaveLength(1);
    await watch(64);
    scene.room.act({ do: "backward" });
    await watch(32);
    expect(scene.made("stop_sound")).toEqual([CLIP]);
    expect(scene.room.state.backward).toBe(true);
  });
});

describe("a decoder that dies while it plays", () => {
  beforeEach(async () => {
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await watch(320);
  });

  it("plays on from the frame on the glass, with sound, however long it takes to have another one", async () => {
    const { frame } = scene.room.state;
    expect(frame).toBeGreaterThan(3);
    await scene.die();
    expect(scene.room.session.phase.kind).toBe("reopening");
    // What plays without pictures leads nobody.
    tell(clockAt(clip.times[20]!));
    scene.line.opens();
    await scene.beat(20_000);
    expect([scene.room.state.wanted, scene.room.state.frame]).toEqual([frame, frame]);
    scene.line.accept(clip);
    expect(scene.room.state.playing).toBe(true);
    expect(played().slice(1)).toEqual([{ clip: CLIP, from: clip.times[frame], rate: 1, between: null, muted: false }]);
    await watch(160);
    expect(scene.room.state.frame).toBeGreaterThan(frame);
    expect(scene.room.state.frame).toBeLessThanOrEqual(frameOf(clip.times[frame]! + 200_000));
    tell(clockAt(900_000));
    await watch(32);
    expect(scene.room.state.wanted).toBeGreaterThanOrEqual(frameOf(900_000));
  });

  it("costs one message, that of the panel", async () => {
    const { frame } = scene.room.state;
    tell(clockAt(clip.times[frame]!, { silent: "decoder" }));
    expect([scene.room.notices.current, scene.room.state.playing]).toEqual([null, true]);
    await scene.die();
    expect([scene.room.notices.current, scene.room.session.phase.kind]).toEqual([null, "reopening"]);
    scene.line.accept(clip);
    await watch(160);
    expect([scene.room.notices.current, scene.room.session.trouble, scene.room.session.phase.kind]).toEqual([null, null, "open"]);
    // What goes wrong with the device afterwards is news.
    tell(clockAt(900_000, { silent: "device_lost" }));
    expect(scene.room.notices.current?.text).toBe("The sound device is gone; playing without sound.");
  });

  it("costs one message without a device too", async () => {
    scene.answers.play_sound = (wanted: PlaySound) => clockAt(wanted.from ?? 0, { silent: "no_device" });
    scene.room.act({ do: "toggle" });
    scene.room.act({ do: "toggle" });
    await watch(160);
    expect(scene.room.notices.current?.text).toBe("There is no sound device; playing without sound.");
    await watch(7000);
    scene.room.act({ do: "first" });
    await scene.answer();
    scene.room.act({ do: "toggle" });
    await watch(160);
    await scene.die();
    scene.line.accept(clip);
    await watch(160);
    expect([scene.room.state.playing, scene.room.notices.current]).toEqual([true, null]);
  });

  it("backwards, plays on backwards", async () => {
    scene.room.act({ do: "last" });
    await scene.answer();
    scene.room.act({ do: "backward" });
    await watch(160);
    const { frame } = scene.room.state;
    await scene.die();
    await scene.beat(5000);
    scene.line.accept(clip);
    expect([scene.room.state.playing, scene.room.state.backward, scene.room.state.wanted]).toEqual([true, true, frame]);
    expect(played()).toHaveLength(1);
  });

  it("stays frozen when it was", async () => {
    scene.room.act({ do: "freeze" });
    await scene.die();
    scene.line.accept(clip);
    await watch(320);
    expect([scene.room.state.playing, played().length]).toEqual([false, 1]);
  });

  it("does not begin again from the first frame when it had come to the last", async () => {
    scene.line.accept({ ...clip, duration: clip.duration + 20_000_000 });
    scene.room.act({ do: "last" });
    await scene.answer();
    scene.room.act({ do: "step", by: -1 });
    await scene.answer();
    scene.room.act({ do: "toggle" });
    for (let turn = 0; turn < 6 && scene.room.state.frame < 39; turn++) await watch(16);
    expect([scene.room.state.playing, scene.room.state.frame]).toEqual([true, 39]);
    await scene.die();
    scene.line.accept(clip);
    await watch(64);
    expect([scene.room.state.playing, scene.room.state.frame]).toEqual([false, 39]);
  });

  it("waits for the person when it dies again", async () => {
    await scene.die();
    scene.line.accept(clip);
    await watch(64);
    const { frame } = scene.room.state;
    await scene.die();
    expect(scene.room.session.phase).toMatchObject({ kind: "failed", died: true });
    await scene.room.session.again();
    scene.line.accept(clip);
    await watch(320);
    expect([scene.room.state.playing, scene.room.state.frame]).toEqual([false, frame]);
  });
});

describe("a hole in a clip that still arrives", () => {
  /** Plays until a frame is due that has not arrived; answers which. */
  async function playIntoHole(): Promise<number> {
    scene.line.accept(clip, false);
    scene.line.arrived([0, 3]);
    scene.room.act({ do: "toggle" });
    for (let turn = 0; turn < 60; turn++) {
      if (!scene.room.session.waiting || !scene.line.last) await scene.beat();
      else if (scene.line.last.frame < 4) await scene.answer();
      else break;
    }
    scene.line.waits();
    return scene.line.last!.frame;
  }

  beforeEach(() => scene.enter(clip));

  it("stops the sound without freezing, and goes on with it from the frame that was missing", async () => {
    const missing = await playIntoHole();
    expect([scene.room.state.playing, scene.made("stop_sound")]).toEqual([true, [CLIP]]);
    // What is still said of the sound that was stopped leads nobody.
    tell(clockAt(700_000));
    await scene.beat(5000);
    expect([scene.room.state.playing, scene.room.state.wanted, scene.line.last!.frame]).toEqual([true, missing, missing]);
    await scene.answer();
    expect(played().slice(1)).toEqual([{ clip: CLIP, from: clip.times[missing], rate: 1, between: null, muted: false }]);
    await watch(160);
    expect(scene.room.state.frame).toBeGreaterThan(missing);
    expect(scene.room.state.frame).toBeLessThanOrEqual(frameOf(clip.times[missing]! + 200_000));
    tell(clockAt(900_000));
    await watch(32);
    expect(scene.room.state.wanted).toBeGreaterThanOrEqual(frameOf(900_000));
  });

  it("goes on at the rate that was chosen meanwhile", async () => {
    await playIntoHole();
    scene.room.act({ do: "slower" });
    await scene.beat(1000);
    expect(played()).toHaveLength(1);
    await scene.answer();
    expect(played().at(-1)).toMatchObject({ rate: 0.5 });
  });

  it("goes on with sound when it was more of the index that came", async () => {
    const missing = await playIntoHole();
    await scene.beat(3000);
    scene.line.accept(clip);
    await scene.answer();
    expect(played().at(-1)).toMatchObject({ from: clip.times[missing] });
    expect(scene.room.state.wanted).toBeLessThanOrEqual(missing + 1);
  });

  it("goes on after a frame that can never be shown, and from there", async () => {
    const missing = await playIntoHole();
    await scene.beat(5000);
    scene.line.fails(scene.line.last!.generation, "This frame is damaged.");
    await watch(160);
    expect(played().at(-1)).toMatchObject({ from: clip.times[missing] });
    expect(scene.room.state.frame).toBeGreaterThan(missing);
    expect(scene.room.state.frame).toBeLessThanOrEqual(frameOf(clip.times[missing]! + 200_000));
  });

  it("is waited for without sound when playing begins in it", async () => {
    scene.line.accept(clip, false);
    scene.room.act({ do: "step", by: 9 });
    scene.line.waits();
    scene.room.act({ do: "toggle" });
    await scene.beat(3000);
    expect([scene.room.state.playing, played()]).toEqual([true, []]);
    await scene.answer();
    expect(played()).toEqual([{ clip: CLIP, from: clip.times[9], rate: 1, between: null, muted: false }]);
  });

  it("at the end is left at once when playing begins again", async () => {
    scene.line.accept(clip, false);
    scene.room.act({ do: "last" });
    scene.line.waits();
    scene.room.act({ do: "toggle" });
    expect(scene.line.last!.frame).toBe(0);
    expect(played()).toEqual([{ clip: CLIP, from: 0, rate: 1, between: null, muted: false }]);
  });

  it("freezes on the frame on the glass", async () => {
    const missing = await playIntoHole();
    scene.room.act({ do: "freeze" });
    await scene.answer();
    expect(scene.room.state.frame).toBeLessThan(missing);
    await watch(1000);
    expect(scene.room.state.wanted).toBe(scene.room.state.frame);
    expect(scene.room.state.frame).toBeLessThan(missing);
    expect([scene.room.state.playing, played().length, scene.made("stop_sound").length]).toEqual([false, 1, 1]);
  });
});

describe("mute", () => {
  it("is a key and stays for the next clip; time goes on", async () => {
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await watch(64);
    scene.room.act({ do: "mute" });
    expect(played().at(-1)).toEqual({ clip: CLIP, from: null, rate: 1, between: null, muted: true });
    await watch(64);
    expect([scene.room.state.playing, scene.room.playing.sound.muted]).toEqual([true, true]);
    scene.end();
    begin();
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    expect(played().at(-1)).toMatchObject({ muted: true });
  });

  it("is not there for a clip without sound, which plays by itself", async () => {
    audio = false;
    await scene.enter(clip);
    expect(scene.room.playing.hasSound).toBe(false);
    scene.room.act({ do: "mute" });
    expect(scene.room.playing.sound.muted).toBe(false);
    expect(scene.room.notices.current).toEqual({ kind: "news", text: "This clip has no sound" });
    scene.room.act({ do: "toggle" });
    await watch(320);
    expect(scene.room.state.frame).toBeGreaterThan(5);
    expect(scene.calls.map(([name]) => name).filter((name) => name.endsWith("_sound"))).toEqual([]);
  });

  it("goes away when the sound turns out not to be decodable", async () => {
    scene.answers.play_sound = (wanted: PlaySound) => clockAt(wanted.from ?? 0, { silent: "no_sound" });
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await watch(64);
    expect([scene.room.playing.hasSound, scene.room.notices.current, scene.room.state.playing]).toEqual([false, null, true]);
  });
});

describe("without a device", () => {
  it("plays all the same and says so once", async () => {
    scene.answers.play_sound = (wanted: PlaySound) => clockAt(wanted.from ?? 0, { silent: "no_device" });
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await watch(320);
    expect(scene.room.notices.current).toEqual({ kind: "news", text: "There is no sound device; playing without sound." });
    expect(scene.room.state.frame).toBeGreaterThan(5);
    await watch(160);
    scene.room.act({ do: "toggle" });
    await watch(64);
    await scene.beat(10_000);
    scene.room.act({ do: "toggle" });
    await watch(64);
    expect([scene.room.state.playing, scene.room.notices.current]).toEqual([true, null]);
  });

  it("that answers, or a desk that fails, playing goes by the window's clock", async () => {
    delete scene.answers.play_sound;
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await watch(320);
    expect(scene.room.state.frame).toBeGreaterThan(5);
    scene.room.act({ do: "freeze" });
    const { frame } = scene.room.state;
    scene.answers.play_sound = () => new Promise(() => undefined);
    scene.room.act({ do: "toggle" });
    await watch(320);
    expect(scene.room.state.frame).toBe(frame);
    await watch(800);
    expect(scene.room.state.frame).toBeGreaterThan(frame + 5);
  });

  it("that is lost meanwhile, it says so and goes on", async () => {
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await watch(160);
    tell(clockAt(160_000, { silent: "device_lost" }));
    await watch(320);
    expect(scene.room.notices.current).toEqual({ kind: "news", text: "The sound device is gone; playing without sound." });
    expect(scene.room.state.frame).toBeGreaterThan(frameOf(380_000));
  });

  it("that is there again and is lost again, it says so again", async () => {
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await watch(160);
    tell(clockAt(160_000, { silent: "device_lost" }));
    await watch(32);
    scene.room.act({ do: "toggle" });
    await scene.beat(10_000);
    scene.room.act({ do: "toggle" });
    await watch(64);
    expect([scene.room.state.playing, scene.room.notices.current]).toEqual([true, null]);
    tell(clockAt(300_000, { silent: "device_lost" }));
    expect(scene.room.notices.current).toEqual({ kind: "news", text: "The sound device is gone; playing without sound." });
  });
});
