import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CLIP } from "./room-scene";
import { SoundScene, clip, clockAt, frameOf } from "./sound-scene";

let scene: SoundScene;

beforeEach(() => {
  scene = new SoundScene();
});

afterEach(() => scene.end());

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
    scene.sounds(clockAt(700_000));
    await scene.beat(5000);
    expect([scene.room.state.playing, scene.room.state.wanted, scene.line.last!.frame]).toEqual([true, missing, missing]);
    await scene.answer();
    await scene.goesOnFrom(missing);
  });

  it("goes on at the rate that was chosen meanwhile", async () => {
    await playIntoHole();
    scene.room.act({ do: "slower" });
    await scene.beat(1000);
    expect(scene.played()).toHaveLength(1);
    await scene.answer();
    expect(scene.played().at(-1)).toMatchObject({ rate: 0.5 });
  });

  it("goes on with sound when it was more of the index that came", async () => {
    const missing = await playIntoHole();
    await scene.beat(3000);
    scene.line.accept(clip);
    await scene.answer();
    expect(scene.played().at(-1)).toMatchObject({ from: clip.times[missing] });
    expect(scene.room.state.wanted).toBeLessThanOrEqual(missing + 1);
  });

  it("goes on after a frame that can never be shown, and from there", async () => {
    const missing = await playIntoHole();
    await scene.beat(5000);
    scene.line.fails(scene.line.last!.generation, "This frame is damaged.");
    await scene.watch(160);
    expect(scene.played().at(-1)).toMatchObject({ from: clip.times[missing] });
    expect(scene.room.state.frame).toBeGreaterThan(missing);
    expect(scene.room.state.frame).toBeLessThanOrEqual(frameOf(clip.times[missing]! + 200_000));
  });

  it("is waited for without sound when playing begins in it", async () => {
    scene.line.accept(clip, false);
    scene.room.act({ do: "step", by: 9 });
    scene.line.waits();
    scene.room.act({ do: "toggle" });
    await scene.beat(3000);
    expect([scene.room.state.playing, scene.played()]).toEqual([true, []]);
    await scene.answer();
    expect(scene.played()).toEqual([{ clip: CLIP, from: clip.times[9], rate: 1, between: null, muted: false }]);
  });

  it("at the end is left at once when playing begins again", async () => {
    scene.line.accept(clip, false);
    scene.room.act({ do: "last" });
    scene.line.waits();
    scene.room.act({ do: "toggle" });
    expect(scene.line.last!.frame).toBe(0);
    expect(scene.played()).toEqual([{ clip: CLIP, from: 0, rate: 1, between: null, muted: false }]);
  });

  it("freezes on the frame on the glass", async () => {
    const missing = await playIntoHole();
    scene.room.act({ do: "freeze" });
    await scene.answer();
    expect(scene.room.state.frame).toBeLessThan(missing);
    await scene.watch(1000);
    expect(scene.room.state.wanted).toBe(scene.room.state.frame);
    expect(scene.room.state.frame).toBeLessThan(missing);
    expect([scene.room.state.playing, scene.played().length, scene.made("stop_sound").length]).toEqual([false, 1, 1]);
  });
});
