import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Scene } from "./room-scene";
import { phoneClip } from "./testing";

let scene: Scene;

const step = (by: 1 | -1) => scene.room.act({ do: "step", by });
/** What was asked for to be shown, what the window showed by itself, what was to be brought. */
const asked = () => [scene.line.sent, scene.line.seen, scene.line.brought].map((requests) => requests.map(({ frame }) => frame));
/** Lets a frame that was drawn be shown; then the child sends what is to be brought. */
async function bring(some: { generation?: number; frame?: number } = {}): Promise<void> {
  await scene.beat(32);
  const { generation, frame, max_width: width, max_height: height } = scene.line.brought.at(-1)!;
  scene.line.picture({ generation, frame, width, height, ahead: true, ...some });
  await scene.beat();
}

beforeEach(async () => {
  scene = new Scene();
  await scene.enter();
  await scene.beat();
});

afterEach(() => scene.end());

describe("the frames next to the eye", () => {
  it("are brought when the frame on the glass is exact, where the eye goes first", async () => {
    expect(asked()).toEqual([[0], [], [1]]);
    const { near_first, ...shown } = scene.line.last!;
    expect([near_first, scene.line.brought[0]]).toEqual([false, { ...shown, kind: "bring", frame: 1 }]);
    await bring();
    expect(asked()[2], "nothing lies before the first frame").toEqual([1]);
    scene.room.act({ do: "step", by: 5 });
    expect(asked()[2], "the picture on the glass is not exact yet").toEqual([1]);
    await scene.answer();
    await bring();
    expect(asked()).toEqual([[0, 5], [], [1, 6, 4]]);
    expect(scene.drawn, "they are not shown").toEqual([0, 5]);
  });

  it("are drawn at once, exact, and once they have been shown one more is brought", async () => {
    await bring();
    step(1);
    expect([scene.drawn, scene.room.state.settled]).toEqual([[0, 1], true]);
    await scene.beat();
    expect(asked()).toEqual([[0], [1], [1]]);
    await scene.beat();
    expect(asked()).toEqual([[0], [1], [1, 2]]);
    expect(scene.line.seen[0]).toEqual({ ...scene.line.brought[0], kind: "see", generation: 2 });
    expect(scene.room.state.drawn).toMatchObject({ frame: 1, exact: true, generation: 2 });
    step(-1);
    await scene.beat();
    expect([scene.drawn, asked()]).toEqual([[0, 1, 0], [[0], [1, 0], [1, 2]]]);
  });

  it("come no more once another frame is wanted", async () => {
    scene.room.act({ do: "step", by: 5 });
    await scene.answer();
    await scene.beat(32);
    scene.room.act({ do: "step", by: 2 });
    await bring({ generation: 2, frame: 6 });
    await scene.answer();
    await scene.beat(32);
    expect(asked(), "6 came too late").toEqual([[0, 5, 7], [], [1, 6, 8]]);
    step(-1);
    expect([asked()[0], scene.drawn]).toEqual([[0, 5, 7, 6], [0, 5, 7]]);
    await scene.answer();
    await bring();
    expect(asked()[2], "7 was on the glass, and is held").toEqual([1, 6, 8, 5]);
  });

  it("are of no use at another size", async () => {
    await bring();
    scene.room.resize({ width: 720, height: 350 });
    step(1);
    expect(asked()[0]).toEqual([0, 1]);
    expect(scene.line.last!.max_width).toBe(scene.line.sent[0]!.max_width / 2);
  });

  it("are forgotten when frames are counted anew", async () => {
    await bring();
    scene.line.accept(phoneClip(13));
    step(1);
    expect(asked()[0]).toEqual([0, 1]);
  });

  it("are drawn one by one under a held key, and then brought when it rests", async () => {
    const held = () => scene.room.act({ do: "step", by: 1 }, true);
    await bring();
    step(1);
    held();
    expect(scene.room.state.wanted, "the one before was not seen yet").toBe(1);
    await bring();
    held();
    await scene.beat(33);
    held();
    await scene.answer();
    expect([scene.room.state.wanted, scene.drawn]).toEqual([3, [0, 1, 2, 3]]);
    await scene.beat(33);
    expect(asked()[2], "the key comes again before it could").toEqual([1, 2]);
    await scene.beat(200);
    expect(asked()[2]).toEqual([1, 2, 4]);
  });

  it("are three at most, with the one between them", async () => {
    for (let frame = 1; frame <= 3; frame++) {
      await bring();
      step(1);
    }
    await scene.beat(64);
    step(-1);
    step(-1);
    expect(asked().slice(0, 2)).toEqual([[0, 1], [1, 2, 3, 2]]);
  });

  it("are not fetched while it plays, and again when it rests", async () => {
    scene.room.act({ do: "step", by: 4 });
    await scene.answer();
    await bring();
    scene.room.setRate(0.1);
    scene.room.act({ do: "backward" });
    await scene.beat(100);
    await scene.answer();
    await scene.beat(100);
    expect([scene.room.state.frame, scene.room.state.settled, asked()[2]]).toEqual([3, true, [1, 5, 3]]);
    scene.room.act({ do: "freeze" });
    expect(scene.line.seen.at(-1)?.frame).toBe(3);
    await bring();
    expect(asked()[2], "4 was on the glass").toEqual([1, 5, 3, 2]);
    step(-1);
    await scene.beat();
    expect([scene.room.state.frame, scene.line.seen.at(-1)?.frame]).toEqual([2, 2]);
  });

  it("are not those that have not arrived", async () => {
    scene.line.accept(phoneClip(12), false);
    scene.line.arrived([0, 0], [4, 6]);
    await scene.beat(400);
    const before = scene.line.brought.length;
    step(1);
    await scene.answer();
    await scene.beat();
    expect(scene.line.brought.slice(before).map(({ frame }) => frame)).toEqual([0]);
  });

  it("are not asked of the next decoder until a hand wants something", async () => {
    await bring();
    await scene.die();
    scene.line.accept(phoneClip(12));
    await scene.beat(400);
    expect(asked(), "what is next to it may be what the one before died of").toEqual([[], [], []]);
    step(1);
    await scene.answer();
    await bring();
    step(1);
    expect(asked().slice(0, 2)).toEqual([[1], [2]]);
  });
});
