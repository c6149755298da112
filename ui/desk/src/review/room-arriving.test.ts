import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CLIP, Scene } from "./room-scene";
import { phoneClip } from "./testing";

let scene: Scene;
const asked = () => scene.line.sent.map(({ frame, max_width, near_first }) => [frame, max_width, near_first]);

beforeEach(() => {
  scene = new Scene();
});

afterEach(() => scene.end());

describe("a first picture", () => {
  beforeEach(async () => {
    scene.room.attach(scene.painter);
    scene.room.resize({ width: 1440, height: 700 });
    scene.room.enter();
    await scene.beat();
    scene.line.opens();
    scene.line.picture({ generation: 0, exact: false, width: 1280, height: 720, rotation: 90 });
    await scene.beat();
  });

  it("is shown before the clip is known, where the clip will be", async () => {
    expect(scene.drawn).toEqual([0]);
    expect(scene.room.session.phase.kind).toBe("opening");
    expect(scene.places.at(-1)?.height).toBeCloseTo(700);
    const [before] = scene.places;
    scene.line.accept(phoneClip(12));
    expect(asked()).toEqual([[0, 700, false]]);
    await scene.answer();
    expect(scene.room.session.phase.kind).toBe("open");
    expect(scene.places.at(-1)).toEqual(before);
    expect(scene.room.state.settled).toBe(true);
  });

  it("is near, and nothing is done with it", async () => {
    expect(scene.room.state.drawn).toMatchObject({ exact: false, generation: 0 });
    scene.room.act({ do: "zoom", by: 1 });
    scene.room.zoom(3, { x: 0, y: 0 });
    await scene.room.capture();
    expect(scene.room.state.view.zoom).toBe(1);
    expect(scene.names).not.toContain("capture_still");
  });

  it("of a clip that cannot be opened is followed by the reason, and by nothing else", async () => {
    scene.line.fails(0, "This clip has no pictures in it.");
    expect(scene.room.session.phase).toEqual({ kind: "failed", message: "This clip has no pictures in it.", died: false });
    await scene.beat(60_000);
    expect(scene.lines).toHaveLength(1);
    expect(scene.names.filter((name) => name.endsWith("_review"))).toEqual(["open_review", "close_review"]);
  });
});

describe("a clip that still arrives", () => {
  beforeEach(async () => {
    scene.room.attach(scene.painter);
    scene.room.resize({ width: 1440, height: 700 });
    scene.room.enter();
    await scene.beat();
    scene.line.accept(phoneClip(12), false);
    scene.line.arrived([0, 3], [8, 11]);
    await scene.answer();
  });

  it("asks for nothing when more is known and the frame on the glass is the one that is wanted", async () => {
    const before = scene.line.sent.length;
    scene.line.accept(phoneClip(12), false);
    scene.line.arrived([0, 11]);
    scene.line.accept(phoneClip(12));
    await scene.beat(1000);
    expect(scene.line.sent).toHaveLength(before);
    expect(scene.room.state.gaps).toEqual([]);
  });

  it("asks for a frame again by its new number when that has moved, and not when it has not", async () => {
    const early = { ...phoneClip(12), times: phoneClip(12).times.filter((_, frame) => frame !== 2) };
    scene.line.accept(early, false);
    scene.room.act({ do: "step", by: 4 });
    expect(scene.line.last?.frame).toBe(4);
    scene.line.accept(phoneClip(12));
    expect(scene.line.last?.frame).toBe(5);
    const before = scene.line.sent.length;
    scene.line.accept(phoneClip(12));
    expect(scene.line.sent).toHaveLength(before);
  });

  it("does not take a picture that came before its number moved for another frame", async () => {
    const early = { ...phoneClip(12), times: phoneClip(12).times.filter((_, frame) => frame !== 2) };
    scene.line.accept(early, false);
    scene.room.act({ do: "step", by: 4 });
    const wish = scene.line.last!;
    scene.line.picture({ generation: wish.generation, frame: wish.frame, width: 700, height: 394 });
    scene.line.accept(phoneClip(12));
    expect(scene.room.state.frame).toBe(5);
    expect(scene.room.state.settled).toBe(false);
    expect(scene.line.last?.frame).toBe(5);
    await scene.answer();
    expect([scene.room.state.frame, scene.room.state.settled]).toEqual([5, true]);
  });

  it("says that bytes are missing until the picture is there", async () => {
    scene.room.act({ do: "step", by: 5 });
    expect(scene.room.session.bytesMissing).toBe(false);
    scene.line.waits();
    expect(scene.room.session.bytesMissing).toBe(true);
    await scene.beat(20_000);
    expect(scene.lines).toHaveLength(1);
    await scene.answer();
    expect([scene.room.session.bytesMissing, scene.room.state.frame]).toEqual([false, 5]);
  });

  it("says it no more when another frame is wanted", () => {
    scene.room.act({ do: "step", by: 5 });
    scene.line.waits();
    scene.room.act({ do: "first" });
    expect(scene.room.session.bytesMissing).toBe(false);
  });

  it("plays on where it stood when the bytes have come", async () => {
    scene.room.act({ do: "toggle" });
    await scene.beat(90);
    scene.line.waits();
    await scene.beat(20_000);
    expect(scene.room.state.playing).toBe(true);
    await scene.answer();
    expect([scene.room.state.frame, scene.room.state.playing]).toEqual([1, true]);
    await scene.beat(32);
    expect(scene.line.last!.frame).toBe(2);
  });

  it("says how much of it is here, also when it is open", () => {
    scene.tell({ kind: "progress", attachment: "0190-other", sent: 1, total: 50 });
    expect(scene.room.session.share).toBeNull();
    scene.tell({ kind: "progress", attachment: CLIP, sent: 39, total: 50 });
    expect(scene.room.session.share).toBeCloseTo(0.78);
    expect(scene.room.session.phase).toEqual({ kind: "open" });
    // Its poster has come.
    scene.tell({ kind: "progress", attachment: CLIP, sent: 7, total: 7 });
    expect(scene.room.session.share).toBeCloseTo(0.78);
  });

  it.each([
    [7, null],
    [50, 0.14],
  ])("takes progress of %i bytes, heard before the clip was opened, for its own: %o", async (total, share) => {
    scene.end();
    scene = new Scene();
    const open = scene.answers.open_review!;
    let opened: (never: never) => void = () => undefined;
    scene.answers.open_review = () => new Promise<never>((resolve) => (opened = resolve)).then(open);
    scene.room.enter();
    await scene.beat();
    scene.tell({ kind: "progress", attachment: CLIP, sent: 7, total });
    expect(scene.room.session.phase).toEqual({ kind: "opening", share: 7 / total });
    opened(undefined as never);
    await scene.beat();
    expect(scene.room.session.share).toBe(share);
  });
});

describe("colours that a screen does not show as they are", () => {
  const tones = (level: number, primaries = 9) =>
    scene.line.tells({ kind: "tones", transfer: 18, primaries, table: btoa(String.fromCharCode(level).repeat(33 ** 3 * 3)) });
  beforeEach(() => scene.enter());

  it("are not shown before what they mean has come, and are then", async () => {
    scene.room.act({ do: "step", by: 1 });
    tones(5, 1);
    await scene.answer({ transfer: 18, primaries: 9 });
    expect([scene.drawn.at(-1), scene.room.state.frame, scene.room.state.settled]).toEqual([0, 0, false]);
    tones(7);
    await scene.beat();
    expect([scene.drawn.at(-1), scene.room.state.frame, scene.room.state.settled]).toEqual([1, 1, true]);
    expect(scene.levels).toEqual([null, 7]);
  });

  it("are shown by the table that came last, also on a new line and by a new painter", async () => {
    tones(7);
    scene.line.cut();
    await scene.beat(500);
    scene.line.accept(phoneClip(12));
    tones(9);
    scene.room.act({ do: "step", by: 1 });
    await scene.answer({ transfer: 18, primaries: 9 });
    scene.room.attach({ ...scene.painter });
    expect(scene.levels).toEqual([null, 9, 9]);
  });
});

