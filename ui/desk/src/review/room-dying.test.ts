import type { PlaySound } from "@limpet/shared/gen/wire";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Scene } from "./room-scene";
import { SoundScene, clip, clockAt } from "./sound-scene";
import { phoneClip } from "./testing";

describe("a decoder that dies", () => {
  let scene: Scene;

  beforeEach(async () => {
    scene = new Scene();
    await scene.enter();
    scene.room.act({ do: "step", by: 3 });
    await scene.answer();
  });

  afterEach(() => scene.end());

  it("is opened again by itself at the same frame, with generations that go on", async () => {
    scene.room.act({ do: "step", by: 1 });
    const before = scene.line.last!.generation;
    await scene.die();
    expect(scene.room.session.phase.kind).toBe("reopening");
    expect(scene.names.filter((name) => /_review/.test(name))).toEqual(["open_review", "open_review"]);
    scene.line.accept(phoneClip(12));
    expect(scene.line.last!.frame).toBe(4);
    expect(scene.line.last!.generation).toBeGreaterThan(before);
    await scene.answer();
    expect([scene.room.session.phase.kind, scene.room.state.frame]).toEqual(["open", 4]);
  });

  it("is noticed within a second, whatever the room does", async () => {
    const before = performance.now();
    await scene.die();
    expect(performance.now() - before).toBeLessThan(1000);
    expect(scene.lines.at(-1)?.address).toBe(scene.address);
    scene.line.accept(phoneClip(12));
    expect([scene.room.session.phase.kind, scene.room.state.frame]).toEqual(["open", 3]);
  });

  it("is not thought dead when only its lines were cut", async () => {
    scene.room.act({ do: "step", by: 1 });
    for (let turn = 0; turn < 2; turn++) {
      scene.line.cut();
      await scene.beat(600);
    }
    expect(scene.names.filter((name) => name === "open_review")).toHaveLength(2);
    expect(scene.room.session.phase.kind).toBe("open");
    await scene.beat(600);
    scene.line.accept(phoneClip(12));
    await scene.answer();
    expect([scene.room.state.frame, scene.names.includes("close_review")]).toEqual([4, false]);
  });

  it("of which the desk does not say whether it lives is opened again when its line is lost", async () => {
    const open = scene.answers.open_review!;
    let asked = 0;
    scene.answers.open_review = (args) => {
      asked += 1;
      if (asked === 1) throw { code: "internal", message: "Not now." };
      return open(args);
    };
    await scene.die();
    expect([asked, scene.room.session.phase.kind]).toEqual([2, "reopening"]);
    scene.line.accept(phoneClip(12));
    expect(scene.room.session.phase.kind).toBe("open");
  });

  it("a second time waits for the person, and starts from the last frame that was shown", async () => {
    scene.room.act({ do: "step", by: 1 });
    await scene.die();
    scene.line.accept(phoneClip(12));
    await scene.die();
    expect(scene.room.session.phase).toMatchObject({ kind: "failed", died: true });
    await scene.room.session.again();
    scene.line.accept(phoneClip(12));
    await scene.beat(400);
    const { sent, seen, brought } = scene.line;
    expect([sent, seen, brought], "whatever is decoded may be what kills it").toEqual([[], [], []]);
    expect([scene.room.state.wanted, scene.room.state.frame]).toEqual([3, 3]);
  });

  it("long after another one did is opened again by itself like the first", async () => {
    for (let death = 0; death < 3; death++) {
      await scene.die();
      expect([death, scene.room.session.phase.kind]).toEqual([death, "reopening"]);
      scene.line.accept(phoneClip(12));
      scene.room.act({ do: "step", by: 1 });
      await scene.answer();
      await scene.beat(120_000);
    }
    expect([scene.room.session.phase.kind, scene.room.state.frame]).toEqual(["open", 6]);
  });

  it("a second time without having answered anything for long waits for the person, however long that took", async () => {
    await scene.die();
    scene.line.accept(phoneClip(12));
    scene.room.act({ do: "step", by: 1 });
    for (let ms = 0; ms < 300_000; ms += 250) {
      if (scene.line.readyState === 0) scene.line.accept(phoneClip(12));
      await scene.beat(250);
    }
    expect(scene.room.session.phase).toMatchObject({ kind: "failed", died: true });
  });
});

describe("a decoder that dies while it plays", () => {
  let scene: SoundScene;

  beforeEach(async () => {
    scene = new SoundScene();
    await scene.enter(clip);
    scene.room.act({ do: "toggle" });
    await scene.watch(320);
  });

  afterEach(() => scene.end());

  it("plays on from the frame on the glass, with sound, however long it takes to have another one", async () => {
    const { frame } = scene.room.state;
    expect(frame).toBeGreaterThan(3);
    await scene.die();
    expect(scene.room.session.phase.kind).toBe("reopening");
    // What plays without pictures leads nobody.
    scene.sounds(clockAt(clip.times[20]!));
    scene.line.opens();
    await scene.beat(20_000);
    expect([scene.room.state.wanted, scene.room.state.frame]).toEqual([frame, frame]);
    scene.line.accept(clip);
    expect(scene.room.state.playing).toBe(true);
    await scene.goesOnFrom(frame);
  });

  it("costs one message, that of the panel", async () => {
    const { frame } = scene.room.state;
    scene.sounds(clockAt(clip.times[frame]!, { silent: "decoder" }));
    expect([scene.room.notices.current, scene.room.state.playing]).toEqual([null, true]);
    await scene.die();
    expect([scene.room.notices.current, scene.room.session.phase.kind]).toEqual([null, "reopening"]);
    scene.line.accept(clip);
    await scene.watch(160);
    expect([scene.room.notices.current, scene.room.session.trouble, scene.room.session.phase.kind]).toEqual([null, null, "open"]);
    // What goes wrong with the device afterwards is news.
    scene.sounds(clockAt(900_000, { silent: "device_lost" }));
    expect(scene.room.notices.current?.text).toBe("The sound device is gone; playing without sound.");
  });

  it("costs one message without a device too", async () => {
    scene.answers.play_sound = (wanted: PlaySound) => clockAt(wanted.from ?? 0, { silent: "no_device" });
    scene.room.act({ do: "toggle" });
    scene.room.act({ do: "toggle" });
    await scene.watch(160);
    expect(scene.room.notices.current?.text).toBe("There is no sound device; playing without sound.");
    await scene.watch(7000);
    scene.room.act({ do: "first" });
    await scene.answer();
    scene.room.act({ do: "toggle" });
    await scene.watch(160);
    await scene.die();
    scene.line.accept(clip);
    await scene.watch(160);
    expect([scene.room.state.playing, scene.room.notices.current]).toEqual([true, null]);
  });

  it("backwards, plays on backwards", async () => {
    scene.room.act({ do: "last" });
    await scene.answer();
    scene.room.act({ do: "backward" });
    await scene.watch(160);
    const { frame } = scene.room.state;
    await scene.die();
    await scene.beat(5000);
    scene.line.accept(clip);
    expect([scene.room.state.playing, scene.room.state.backward, scene.room.state.wanted]).toEqual([true, true, frame]);
    expect(scene.played()).toHaveLength(1);
  });

  it("stays frozen when it was", async () => {
    scene.room.act({ do: "freeze" });
    await scene.die();
    scene.line.accept(clip);
    await scene.watch(320);
    expect([scene.room.state.playing, scene.played().length]).toEqual([false, 1]);
  });

  it("does not begin again from the first frame when it had come to the last", async () => {
    scene.line.accept({ ...clip, duration: clip.duration + 20_000_000 });
    scene.room.act({ do: "last" });
    await scene.answer();
    scene.room.act({ do: "step", by: -1 });
    await scene.answer();
    scene.room.act({ do: "toggle" });
    for (let turn = 0; turn < 6 && scene.room.state.frame < 39; turn++) await scene.watch(16);
    expect([scene.room.state.playing, scene.room.state.frame]).toEqual([true, 39]);
    await scene.die();
    scene.line.accept(clip);
    await scene.watch(64);
    expect([scene.room.state.playing, scene.room.state.frame]).toEqual([false, 39]);
  });

  it("waits for the person when it dies again", async () => {
    await scene.die();
    scene.line.accept(clip);
    await scene.watch(64);
    const { frame } = scene.room.state;
    await scene.die();
    expect(scene.room.session.phase).toMatchObject({ kind: "failed", died: true });
    await scene.room.session.again();
    scene.line.accept(clip);
    await scene.watch(320);
    expect([scene.room.state.playing, scene.room.state.frame]).toEqual([false, frame]);
  });
});
