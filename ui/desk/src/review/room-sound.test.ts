import type { Calls, DeskEvent, PlaySound, SoundClock } from "@limpet/shared/gen/wire";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Painter } from "./painter";
import { Room } from "./room.svelte";
import type { Desk } from "./session.svelte";
import { FakeLine, phoneClip } from "./testing";

const CLIP = "0190-clip";
const OTHER = "0190-other";
const clip = phoneClip(40);

let line: FakeLine;
let calls: [string, unknown][];
let answers: Partial<Record<keyof Calls, (args: never) => unknown>>;
let ears: ((event: DeskEvent) => void)[];
let audio: boolean;
let room: Room;

const beat = (ms = 16) => vi.advanceTimersByTimeAsync(ms);
const made = (name: string) => calls.filter(([called]) => called === name).map(([, args]) => args);
const played = () => made("play_sound") as PlaySound[];
const clockAt = (at: number, some: Partial<SoundClock> = {}): SoundClock => ({ at, rate: 1, playing: true, silent: null, ...some });
const tell = (clock: SoundClock, of = CLIP) => ears.forEach((heard) => heard({ kind: "sound", clip: of, clock }));

const desk: Desk = {
  call: async (name, args) => {
    calls.push([name, args]);
    const answer = answers[name];
    if (!answer) throw { code: "internal", message: `No ${name} here.` };
    return (await answer(args as never)) as never;
  },
  host: async () => ({
    listen: (heard) => {
      ears.push(heard);
      return () => (ears = ears.filter((ear) => ear !== heard));
    },
    mediaUrl: () => "",
  }),
};

const painter: Painter = { take: () => undefined, draw: () => undefined, dispose: () => undefined };

async function answer() {
  const wish = line.last!;
  line.picture({ generation: wish.generation, frame: wish.frame, width: wish.max_width || 1920, height: wish.max_height || 1080 });
  await beat();
}

/** Lets time pass with a decoder that takes 16 ms for a picture. */
async function watch(ms: number) {
  for (let gone = 0; gone < ms; gone += 16) {
    if (room.session.waiting) await answer();
    else await beat();
  }
}

/** The frame that is on show at a time. */
const frameOf = (us: number) => clip.times.findLastIndex((time) => time <= us);

async function enter() {
  room = new Room(CLIP, "0190-talk", desk, (address) => (line = new FakeLine(address)));
  room.attach(painter);
  room.resize({ width: 1440, height: 700 });
  room.enter();
  await beat();
  line.accept(clip);
  await answer();
}

beforeEach(() => {
  vi.useFakeTimers();
  [calls, ears, audio] = [[], [], true];
  answers = {
    open_review: () => ({ clip: { id: CLIP, clip: { audio } }, socket: "ws://127.0.0.1:1/" }),
    close_review: () => null,
    open_conversation: () => ({ draft: { files: [] } }),
    play_sound: (wanted: PlaySound) => clockAt(wanted.from ?? 0, { rate: wanted.rate }),
    stop_sound: () => clockAt(0, { playing: false }),
  };
});

afterEach(() => {
  if (room.sound.muted) room.act({ do: "mute" });
  room.leave();
  vi.useRealTimers();
});

describe("playing with sound", () => {
  beforeEach(enter);

  it("asks for the sound from the frame on the glass and waits for its first word", async () => {
    let begun: (clock: SoundClock) => void = () => undefined;
    answers.play_sound = () => new Promise((resolve) => (begun = resolve));
    room.act({ do: "step", by: 2 });
    await answer();
    room.act({ do: "toggle" });
    const at = clip.times[2]!;
    expect(played()).toEqual([{ clip: CLIP, from: at, rate: 1, between: null, muted: false }]);
    await beat(400);
    expect([room.state.playing, room.state.frame]).toEqual([true, 2]);
    begun(clockAt(at));
    await watch(320);
    expect(room.state.frame).toBeGreaterThanOrEqual(frameOf(at + 250_000));
    expect(room.state.frame).toBeLessThanOrEqual(frameOf(at + 400_000));
  });

  it("follows the desk's clock, not its own", async () => {
    room.act({ do: "toggle" });
    await beat();
    // A device that stood still for a while, then a word that the sound is further than thought.
    await watch(200);
    tell(clockAt(10_000));
    await watch(48);
    expect(room.state.wanted).toBeLessThanOrEqual(frameOf(120_000));
    tell(clockAt(900_000));
    await watch(32);
    expect(room.state.wanted).toBeGreaterThanOrEqual(frameOf(900_000));
    // What is said of another clip is not for this room.
    tell(clockAt(0), OTHER);
    await watch(32);
    expect(room.state.wanted).toBeGreaterThanOrEqual(frameOf(900_000));
  });

  it("asks for the frame that is due when it will be drawn", async () => {
    const began = performance.now();
    room.act({ do: "toggle" });
    // A decoder that takes 96 ms for a picture: two or three frames.
    const late: number[] = [];
    for (let turn = 0; turn < 14; turn++) {
      await beat(80);
      if (room.session.waiting) await answer();
      late.push(frameOf((performance.now() - began) * 1000) - room.state.frame);
    }
    expect(late.slice(-5).reduce((sum, frames) => sum + frames, 0) / 5).toBeLessThan(1);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(-1);
  });

  it("stops on the frame that was heard last, and steps from there", async () => {
    room.act({ do: "toggle" });
    await watch(320);
    const at = clip.times[9]! + 500;
    answers.stop_sound = () => clockAt(at, { playing: false });
    room.act({ do: "freeze" });
    expect(room.state.playing).toBe(false);
    await beat();
    expect(made("stop_sound")).toEqual([CLIP]);
    await answer();
    expect([room.state.frame, room.state.settled]).toEqual([9, true]);
    room.act({ do: "step", by: 1 });
    await answer();
    expect(room.state.frame).toBe(10);
    // A late word of the sound that has stopped moves nothing.
    tell(clockAt(0));
    await watch(64);
    expect([room.state.playing, room.state.frame]).toEqual([false, 10]);
  });

  it("lets a hand that was faster than the answer have its way", async () => {
    room.act({ do: "toggle" });
    await watch(160);
    let stopped: (clock: SoundClock) => void = () => undefined;
    answers.stop_sound = () => new Promise((resolve) => (stopped = resolve));
    const before = room.state.frame;
    room.act({ do: "step", by: -1 });
    await answer();
    stopped(clockAt(clip.times[20]!, { playing: false }));
    await watch(64);
    expect(room.state.frame).toBe(before - 1);
  });

  it("ends with the sound, on the last frame", async () => {
    room.act({ do: "toggle" });
    await watch(64);
    tell(clockAt(clip.duration, { playing: false }));
    await beat();
    await answer();
    expect([room.state.playing, room.state.frame, room.state.settled]).toEqual([false, 39, true]);
    expect(made("stop_sound")).toEqual([]);
  });

  it("goes on where it is when the rate changes, at the time the sound says", async () => {
    room.act({ do: "toggle" });
    await watch(160);
    room.act({ do: "faster" });
    expect(played().at(-1)).toEqual({ clip: CLIP, from: null, rate: 2, between: null, muted: false });
    const before = room.state.wanted;
    await watch(96);
    expect(room.state.wanted).toBeLessThanOrEqual(frameOf(clip.times[before]! + 180_000));
    tell(clockAt(300_000, { rate: 2 }));
    await watch(320);
    expect(room.state.wanted).toBeGreaterThanOrEqual(frameOf(800_000));
    expect(room.state.rate).toBe(2);
  });

  it("goes round between the marks, in step with the sound", async () => {
    room.act({ do: "markA" });
    room.act({ do: "step", by: 5 });
    await answer();
    room.act({ do: "markB" });
    room.act({ do: "toggle" });
    const b = clip.times[6]!;
    expect(played()).toEqual([{ clip: CLIP, from: clip.times[0]!, rate: 1, between: { a: 0, b }, muted: false }]);
    const seen = new Set<number>();
    let [before, rounds] = [0, 0];
    for (let ms = 16; ms < 1600; ms += 16) {
      await watch(16);
      // For a while nothing is said.
      if (ms % 256 === 0 && ms < 700) tell(clockAt(((ms - 16) * 1000) % b));
      if (room.state.wanted < before) rounds += 1;
      before = room.state.wanted;
      seen.add(before);
      expect(room.state.playing).toBe(true);
    }
    expect(rounds).toBeGreaterThanOrEqual(Math.floor(1_500_000 / b));
    expect([...seen].toSorted((one, other) => one - other)).toEqual([0, 1, 2, 3, 4, 5]);
    room.act({ do: "clearMarks" });
    expect(played().at(-1)).toMatchObject({ from: null, between: null });
  });

  it("backwards is silent and goes by itself", async () => {
    room.act({ do: "last" });
    await answer();
    room.act({ do: "backward" });
    await watch(320);
    expect(played()).toEqual([]);
    expect(room.state.frame).toBeLessThan(35);
    room.act({ do: "forward" });
    expect(played()).toHaveLength(1);
    await watch(64);
    room.act({ do: "backward" });
    await watch(32);
    expect(made("stop_sound")).toEqual([CLIP]);
    expect(room.state.backward).toBe(true);
  });

  it("goes on by itself when the decoder dies with its player", async () => {
    room.setRate(0.1);
    room.act({ do: "toggle" });
    await watch(64);
    for (let turn = 0; turn < 40 && room.session.phase.kind === "open"; turn++) {
      if (line.readyState !== 3) line.cut();
      await beat(250);
    }
    expect(room.session.phase.kind).toBe("reopening");
    tell(clockAt(0));
    expect(room.state.playing).toBe(true);
    await beat();
    line.accept(clip);
    await watch(64);
    const { frame } = room.state;
    expect(frame).toBeGreaterThan(5);
    await watch(3000);
    expect(room.state.frame).toBeGreaterThan(frame + 3);
    room.act({ do: "freeze" });
    expect(made("stop_sound")).toEqual([]);
  });
});

describe("mute", () => {
  it("is a key and stays for the next clip; time goes on", async () => {
    await enter();
    room.act({ do: "toggle" });
    await watch(64);
    room.act({ do: "mute" });
    expect(played().at(-1)).toEqual({ clip: CLIP, from: null, rate: 1, between: null, muted: true });
    await watch(64);
    expect([room.state.playing, room.sound.muted]).toEqual([true, true]);
    room.leave();
    await enter();
    room.act({ do: "toggle" });
    expect(played().at(-1)).toMatchObject({ muted: true });
  });

  it("is not there for a clip without sound, which plays by itself", async () => {
    audio = false;
    await enter();
    expect(room.hasSound).toBe(false);
    room.act({ do: "mute" });
    expect(room.sound.muted).toBe(false);
    expect(room.notice).toEqual({ kind: "news", text: "This clip has no sound" });
    room.act({ do: "toggle" });
    await watch(320);
    expect(room.state.frame).toBeGreaterThan(5);
    expect(calls.map(([name]) => name).filter((name) => name.endsWith("_sound"))).toEqual([]);
  });

  it("goes away when the sound turns out not to be decodable", async () => {
    answers.play_sound = (wanted: PlaySound) => clockAt(wanted.from ?? 0, { silent: "no_sound" });
    await enter();
    room.act({ do: "toggle" });
    await watch(64);
    expect([room.hasSound, room.notice, room.state.playing]).toEqual([false, null, true]);
  });
});

describe("without a device", () => {
  it("plays all the same and says so once", async () => {
    answers.play_sound = (wanted: PlaySound) => clockAt(wanted.from ?? 0, { silent: "no_device" });
    await enter();
    room.act({ do: "toggle" });
    await watch(320);
    expect(room.notice).toEqual({ kind: "news", text: "There is no sound device; playing without sound." });
    expect(room.state.frame).toBeGreaterThan(5);
    await watch(160);
    room.act({ do: "toggle" });
    await watch(64);
    await beat(10_000);
    room.act({ do: "toggle" });
    await watch(64);
    expect([room.state.playing, room.notice]).toEqual([true, null]);
  });

  it("that answers, or a desk that fails, playing goes by the window's clock", async () => {
    delete answers.play_sound;
    await enter();
    room.act({ do: "toggle" });
    await watch(320);
    expect(room.state.frame).toBeGreaterThan(5);
    room.act({ do: "freeze" });
    const { frame } = room.state;
    answers.play_sound = () => new Promise(() => undefined);
    room.act({ do: "toggle" });
    await watch(320);
    expect(room.state.frame).toBe(frame);
    await watch(800);
    expect(room.state.frame).toBeGreaterThan(frame + 5);
  });

  it("that is lost meanwhile, it says so and goes on", async () => {
    await enter();
    room.act({ do: "toggle" });
    await watch(160);
    tell(clockAt(160_000, { silent: "device_lost" }));
    await watch(320);
    expect(room.notice).toEqual({ kind: "news", text: "The sound device is gone; playing without sound." });
    expect(room.state.frame).toBeGreaterThan(frameOf(380_000));
  });
});
