import type { PlaySound } from "@limpet/shared/gen/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CLIP } from "./room-scene";
import { SoundScene, clip, clockAt, frameOf } from "./sound-scene";

let scene: SoundScene;

beforeEach(() => {
  scene = new SoundScene();
});

afterEach(() => {
  if (scene.room.playing.sound.muted) scene.room.act({ do: "mute" });
  scene.end();
});

describe("mute", () => {
  it("is a key and stays for the next clip; time goes on", async () => {
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await scene.watch(64);
    scene.room.act({ do: "mute" });
    expect(scene.played().at(-1)).toEqual({ clip: CLIP, from: null, rate: 1, between: null, muted: true });
    await scene.watch(64);
    expect([scene.room.state.playing, scene.room.playing.sound.muted]).toEqual([true, true]);
    scene.end();
    scene = new SoundScene();
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    expect(scene.played().at(-1)).toMatchObject({ muted: true });
  });

  it("is not there for a clip without sound, which plays by itself", async () => {
    scene.end();
    scene = new SoundScene(false);
    await scene.enter(clip);
    expect(scene.room.playing.hasSound).toBe(false);
    scene.room.act({ do: "mute" });
    expect(scene.room.playing.sound.muted).toBe(false);
    expect(scene.room.notices.current).toEqual({ kind: "news", text: "This clip has no sound" });
    scene.room.act({ do: "toggle" });
    await scene.watch(320);
    expect(scene.room.state.frame).toBeGreaterThan(5);
    expect(scene.calls.map(([name]) => name).filter((name) => name.endsWith("_sound"))).toEqual([]);
  });

  it("goes away when the sound turns out not to be decodable", async () => {
    scene.answers.play_sound = (wanted: PlaySound) => clockAt(wanted.from ?? 0, { silent: "no_sound" });
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await scene.watch(64);
    expect([scene.room.playing.hasSound, scene.room.notices.current, scene.room.state.playing]).toEqual([false, null, true]);
  });
});

describe("without a device", () => {
  it("plays all the same and says so once", async () => {
    scene.answers.play_sound = (wanted: PlaySound) => clockAt(wanted.from ?? 0, { silent: "no_device" });
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await scene.watch(320);
    expect(scene.room.notices.current).toEqual({ kind: "news", text: "There is no sound device; playing without sound." });
    expect(scene.room.state.frame).toBeGreaterThan(5);
    await scene.watch(160);
    scene.room.act({ do: "toggle" });
    await scene.watch(64);
    await scene.beat(10_000);
    scene.room.act({ do: "toggle" });
    await scene.watch(64);
    expect([scene.room.state.playing, scene.room.notices.current]).toEqual([true, null]);
  });

  it("that answers, or a desk that fails, playing goes by the window's clock", async () => {
    delete scene.answers.play_sound;
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await scene.watch(320);
    expect(scene.room.state.frame).toBeGreaterThan(5);
    scene.room.act({ do: "freeze" });
    const { frame } = scene.room.state;
    scene.answers.play_sound = () => new Promise(() => undefined);
    scene.room.act({ do: "toggle" });
    await scene.watch(320);
    expect(scene.room.state.frame).toBe(frame);
    await scene.watch(800);
    expect(scene.room.state.frame).toBeGreaterThan(frame + 5);
  });

  it("that is lost meanwhile, it says so and goes on", async () => {
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await scene.watch(160);
    scene.sounds(clockAt(160_000, { silent: "device_lost" }));
    await scene.watch(320);
    expect(scene.room.notices.current).toEqual({ kind: "news", text: "The sound device is gone; playing without sound." });
    expect(scene.room.state.frame).toBeGreaterThan(frameOf(380_000));
  });

  it("that is there again and is lost again, it says so again", async () => {
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await scene.watch(160);
    scene.sounds(clockAt(160_000, { silent: "device_lost" }));
    await scene.watch(32);
    scene.room.act({ do: "toggle" });
    await scene.beat(10_000);
    scene.room.act({ do: "toggle" });
    await scene.watch(64);
    expect([scene.room.state.playing, scene.room.notices.current]).toEqual([true, null]);
    scene.sounds(clockAt(300_000, { silent: "device_lost" }));
    expect(scene.room.notices.current).toEqual({ kind: "news", text: "The sound device is gone; playing without sound." });
  });
});
