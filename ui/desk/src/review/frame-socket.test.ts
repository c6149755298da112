import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SocketScene, wish } from "./frame-socket-scene";
import { phoneClip } from "./testing";

let scene: SocketScene;

beforeEach(() => {
  scene = new SocketScene();
});

afterEach(() => scene.end());

describe("wishes", () => {
  it("wait for the child to be ready, and only the newest goes out then", () => {
    scene.socket.show(wish(1));
    scene.socket.show(wish(2));
    expect(scene.line.sent).toEqual([]);
    scene.line.accept(phoneClip());
    expect(scene.ready).toHaveLength(1);
    expect(scene.line.binaryType).toBe("arraybuffer");
    expect(scene.line.sent).toEqual([
      { kind: "show", generation: 2, frame: 2, max_width: 640, max_height: 360, near_first: false },
    ]);
  });

  it("go out at once, each with a generation of its own, whatever is unanswered", () => {
    scene.line.accept(phoneClip());
    scene.socket.show(wish(4));
    scene.socket.show(wish(5, true));
    scene.socket.show(wish(6));
    expect(scene.line.sent.map(({ generation, frame }) => [generation, frame])).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });

  it("count on from an earlier line", () => {
    scene.open(41);
    scene.line.accept(phoneClip());
    expect(scene.socket.show(wish(0))).toBe(42);
  });
});

describe("pictures", () => {
  beforeEach(() => scene.line.accept(phoneClip()));

  it("of an older generation are never shown after a newer one", () => {
    for (let frame = 0; frame < 4; frame++) scene.socket.show(wish(frame));
    scene.line.picture({ generation: 2 });
    scene.line.picture({ generation: 1 });
    scene.line.picture({ generation: 4 });
    scene.line.picture({ generation: 3 });
    expect(scene.shown).toEqual(["2", "4"]);
  });

  it("that were brought ahead answer nothing, and are of use until another one is wanted", () => {
    scene.socket.show(wish(4));
    scene.socket.bring(wish(5));
    expect(scene.line.brought, "not before what is wanted").toEqual([]);
    scene.line.picture({ generation: 1, ahead: true });
    expect([scene.shown, scene.socket.waiting]).toEqual([[], true]);
    scene.line.picture({ generation: 1 });
    scene.socket.bring(wish(5));
    scene.line.picture({ generation: 1, frame: 5, ahead: true });
    expect(scene.socket.see(wish(5))).toBe(2);
    expect([scene.shown, scene.socket.waiting]).toEqual([["1"], false]);
    scene.line.picture({ generation: 1, frame: 6, ahead: true });
    scene.line.picture({ generation: 1 });
    scene.socket.forget();
    scene.line.picture({ generation: 2, frame: 7, ahead: true });
    expect([scene.said, scene.shown]).toEqual([["whole", "brought 0", "brought 5"], ["1"]]);
  });

  it("near the wish are not shown after the exact one", () => {
    scene.socket.show(wish(9, true));
    scene.line.picture({ generation: 1, exact: false });
    scene.line.picture({ generation: 1 });
    scene.line.picture({ generation: 1, exact: false });
    expect(scene.shown).toEqual(["1~", "1"]);
  });

  it("of generations nobody asked for are not shown", () => {
    scene.socket.show(wish(9));
    scene.line.picture({ generation: 7 });
    expect(scene.shown).toEqual([]);
  });

  it("answer the newest wish only when they are exact and belong to it", () => {
    scene.socket.show(wish(1, true));
    scene.socket.show(wish(2, true));
    scene.line.picture({ generation: 1 });
    expect(scene.socket.waiting).toBe(true);
    scene.line.picture({ generation: 2, exact: false });
    expect(scene.socket.waiting).toBe(true);
    scene.line.picture({ generation: 2 });
    expect(scene.socket.waiting).toBe(false);
  });

  it("on their way are dropped when forgotten", () => {
    scene.socket.show(wish(1));
    scene.socket.forget();
    expect(scene.socket.waiting).toBe(false);
    scene.line.picture({ generation: 1 });
    scene.socket.show(wish(2));
    scene.line.picture({ generation: 2 });
    expect(scene.shown).toEqual(["2"]);
  });

  it("that are cut short are not shown and answer nothing", () => {
    scene.socket.show(wish(1));
    scene.line.onmessage?.call(null as never, new MessageEvent("message", { data: new ArrayBuffer(50) }));
    expect(scene.shown).toEqual([]);
    expect(scene.socket.waiting).toBe(true);
  });
});

describe("a first picture", () => {
  it("is shown before the clip is known, and is answered by no wish", () => {
    scene.line.opens();
    scene.line.picture({ generation: 0, exact: false });
    expect(scene.shown).toEqual(["0~"]);
    scene.line.accept(phoneClip());
    scene.socket.show(wish(0));
    expect(scene.socket.waiting).toBe(true);
    scene.line.picture({ generation: 1 });
    expect(scene.shown).toEqual(["0~", "1"]);
  });

  it("of a line that was opened again is not shown over a later one", () => {
    scene.line.accept(phoneClip());
    scene.socket.show(wish(3));
    scene.line.picture({ generation: 1 });
    scene.line.cut();
    scene.pass(500);
    scene.line.opens();
    scene.line.picture({ generation: 0, exact: false });
    expect(scene.shown).toEqual(["1"]);
  });
});

describe("a clip that still arrives", () => {
  it("is told again as more is known, and what is asked is not asked again", () => {
    scene.socket.show(wish(7));
    scene.line.accept(phoneClip(8), false);
    scene.line.arrived([0, 3]);
    scene.line.waits();
    scene.line.accept(phoneClip(12), false);
    scene.line.arrived([0, 7]);
    scene.line.accept(phoneClip(12));
    expect(scene.ready.map(({ times }) => times.length)).toEqual([8, 12, 12]);
    expect(scene.said).toEqual(["partly", [[0, 3]], "bytes missing", "partly", [[0, 7]], "whole"]);
    expect(scene.line.sent).toHaveLength(1);
    scene.line.picture({ generation: 1, frame: 7 });
    expect([scene.shown, scene.socket.waiting]).toEqual([["1"], false]);
  });

  it("says of the newest wish alone that its bytes are missing", () => {
    scene.line.accept(phoneClip(), false);
    scene.socket.show(wish(7));
    scene.socket.show(wish(1));
    scene.line.waits(1);
    expect(scene.said).toEqual(["partly"]);
    scene.line.waits(2);
    expect(scene.said).toEqual(["partly", "bytes missing"]);
    expect(scene.socket.waiting).toBe(true);
  });

  it("may take its time to become known", () => {
    scene.line.opens();
    scene.pass(600_000);
    expect([scene.lines.length, scene.lost]).toEqual([1, 0]);
  });

  it("hands on what its colours mean", () => {
    scene.line.accept(phoneClip());
    scene.line.tells({ kind: "tones", transfer: 18, primaries: 9, table: "AAAA" });
    expect(scene.said).toEqual(["whole", [18, 9, "AAAA"]]);
    expect(scene.failures).toEqual([]);
  });
});

describe("failures", () => {
  beforeEach(() => scene.line.accept(phoneClip()));

  it("before anything is known mean that the clip cannot be opened: nothing follows", () => {
    scene.open();
    scene.line.opens();
    scene.line.fails(0, "This is not a clip.");
    expect([scene.refusals, scene.failures]).toEqual([["This is not a clip."], []]);
    expect(scene.line.readyState).toBe(3);
    const before = scene.lines.length;
    scene.pass(60_000);
    expect([scene.lines.length, scene.lost]).toEqual([before, 0]);
  });

  it("of the rest of a clip are told, and answer no wish", () => {
    scene.socket.show(wish(1));
    scene.line.fails(0, "The rest could not be read.");
    expect([scene.failures, scene.refusals]).toEqual([["The rest could not be read."], []]);
    expect(scene.socket.waiting).toBe(true);
    scene.line.picture({ generation: 1 });
    expect(scene.shown).toEqual(["1"]);
  });

  it("of the newest wish are told, and the line stays", () => {
    scene.socket.show(wish(1));
    scene.line.fails(1, "This frame is damaged.");
    expect(scene.failures).toEqual(["This frame is damaged."]);
    expect(scene.socket.waiting).toBe(false);
    scene.socket.show(wish(2));
    scene.line.picture({ generation: 2 });
    expect(scene.shown).toEqual(["2"]);
  });

  it("of an overwritten wish concern nobody", () => {
    scene.socket.show(wish(1));
    scene.socket.show(wish(2));
    scene.line.fails(1, "Too late.");
    expect(scene.failures).toEqual([]);
    expect(scene.socket.waiting).toBe(true);
  });
});
