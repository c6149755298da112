import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Action } from "./keys";
import { CLIP, Scene } from "./room-scene";
import { phoneClip } from "./testing";

let scene: Scene;
const asked = () => scene.line.sent.map(({ frame, max_width, near_first }) => [frame, max_width, near_first]);

beforeEach(() => {
  scene = new Scene();
});

afterEach(() => scene.end());

describe("entering", () => {
  it("opens the clip and shows its first frame at the size of the glass", async () => {
    await scene.enter();
    expect(scene.room.session.phase).toEqual({ kind: "open" });
    expect(asked()).toEqual([[0, 700, false]]);
    expect(scene.drawn).toEqual([0]);
    expect(scene.room.state.settled).toBe(true);
  });

  it("says why a clip cannot be opened, and opens it when asked again", async () => {
    const open = scene.answers.open_review!;
    scene.answers.open_review = () => {
      throw { code: "bad_clip", message: "This file is not a clip." };
    };
    scene.room.enter();
    await scene.beat();
    expect(scene.room.session.phase).toEqual({ kind: "failed", message: "This file is not a clip.", died: false });
    scene.answers.open_review = open;
    await scene.room.session.again();
    scene.line.accept(phoneClip());
    expect(scene.room.session.phase).toEqual({ kind: "open" });
  });

  it("lets go of a clip that opens after the person has left", async () => {
    scene.room.enter();
    scene.room.leave();
    await scene.beat();
    expect(scene.lines).toHaveLength(0);
    expect(scene.names.at(-1)).toBe("close_review");
  });

  it("lets go at once of a clip that waits for its first byte, and opens it again only then", async () => {
    const open = scene.answers.open_review!;
    const calls = () => scene.names.filter((name) => name.endsWith("_review"));
    let closed: (nothing: null) => void = () => undefined;
    let failed: (why: unknown) => void = () => undefined;
    scene.answers.open_review = () => new Promise((_, reject) => (failed = reject));
    scene.answers.close_review = () => new Promise((resolve) => (closed = resolve));
    scene.room.enter();
    await scene.beat();
    scene.room.leave();
    expect(calls()).toEqual(["open_review", "close_review"]);
    Object.assign(scene.answers, { open_review: open, close_review: () => null });
    scene.room.enter();
    await scene.beat(1000);
    expect(calls()).toEqual(["open_review", "close_review"]);
    failed({ code: "conflict", message: "This room was closed while it was being opened." });
    closed(null);
    await scene.beat();
    expect(calls()).toEqual(["open_review", "close_review", "open_review"]);
    scene.line.accept(phoneClip(12));
    expect(scene.room.session.phase).toEqual({ kind: "open" });
  });

  it("lets go again of a clip whose closing the desk heard before its opening", async () => {
    const open = scene.answers.open_review!;
    let opened: () => void = () => undefined;
    scene.answers.open_review = (args) => new Promise<void>((resolve) => (opened = resolve)).then(() => open(args));
    scene.room.enter();
    await scene.beat();
    scene.room.leave();
    await scene.beat();
    opened();
    await scene.beat();
    expect(scene.names.filter((name) => name.endsWith("_review"))).toEqual(["open_review", "close_review", "close_review"]);
    expect(scene.lines).toHaveLength(0);
  });
});

describe("stepping", () => {
  beforeEach(() => scene.enter());

  it("asks when the key goes down, and draws when the picture has come", async () => {
    scene.room.act({ do: "step", by: 1 });
    expect(asked().at(-1)).toEqual([1, 700, false]);
    expect(scene.room.state.frame).toBe(0);
    await scene.answer();
    expect(scene.room.state.frame).toBe(1);
  });

  it("by a held key waits for pictures, by presses does not", async () => {
    scene.room.act({ do: "step", by: 1 });
    scene.room.act({ do: "step", by: 1 }, true);
    expect(scene.room.state.wanted).toBe(1);
    scene.room.act({ do: "step", by: 1 });
    expect(scene.room.state.wanted).toBe(2);
    await scene.answer();
    scene.room.act({ do: "step", by: 1 }, true);
    expect(scene.room.state.wanted).toBe(3);
  });

  it("asks for nothing beyond the end", async () => {
    scene.room.act({ do: "last" });
    await scene.answer();
    const before = scene.line.sent.length;
    scene.room.act({ do: "step", by: 1 });
    expect(scene.line.sent).toHaveLength(before);
  });

  it("gets every pixel at rest when zoomed, and not before", async () => {
    scene.room.zoom(3, { x: 700, y: 300 });
    scene.room.act({ do: "step", by: 1 });
    await scene.answer();
    expect(asked().at(-1)).toEqual([1, 700, false]);
    await scene.beat(200);
    expect(asked().at(-1)).toEqual([1, 0, false]);
    await scene.answer();
    const before = scene.line.sent.length;
    await scene.beat(1000);
    expect(scene.line.sent).toHaveLength(before);
  });

  it("says what is wrong with a frame, once, and goes on", async () => {
    scene.room.act({ do: "step", by: 1 });
    scene.line.fails(scene.line.last!.generation, "This frame is damaged.");
    expect(scene.room.session.trouble).toBe("This frame is damaged.");
    const before = scene.line.sent.length;
    await scene.beat(1000);
    expect(scene.line.sent).toHaveLength(before);
    scene.room.act({ do: "step", by: 1 });
    await scene.answer();
    expect(scene.room.session.trouble).toBeNull();
    expect(scene.room.state.frame).toBe(2);
  });
});

describe("a held key", () => {
  beforeEach(() => scene.enter());

  it("plays, marks, captures and turns round once", async () => {
    const hold = (action: Action) => {
      for (let press = 0; press < 6; press++) scene.room.act(action, press > 0);
    };
    hold({ do: "toggle" });
    expect([scene.room.state.playing, scene.names.filter((name) => name === "play_sound").length]).toEqual([true, 1]);
    hold({ do: "forward" });
    expect(scene.room.state.rate).toBe(2);
    hold({ do: "freeze" });
    hold({ do: "markA" });
    hold({ do: "markB" });
    expect([scene.room.state.markA, scene.room.state.markB]).toEqual([0, 0]);
    hold({ do: "mute" });
    expect(scene.room.playing.sound.muted).toBe(true);
    scene.room.act({ do: "mute" });
    for (let press = 0; press < 3; press++) {
      scene.room.act({ do: "capture" }, press > 0);
      await scene.beat();
    }
    expect(scene.names.filter((name) => name === "capture_still")).toHaveLength(1);
  });

  it("goes on stepping, zooming, moving the picture and changing the speed", async () => {
    for (const action of [{ do: "zoom", by: 1 }, { do: "pan", x: 0, y: 1 }, { do: "slower" }, { do: "step", by: 1 }] as const) {
      const seen = () => JSON.stringify([scene.room.state.view, scene.room.state.rate, scene.room.state.wanted]);
      const before = seen();
      scene.room.act(action, true);
      expect(seen(), action.do).not.toBe(before);
    }
  });
});

describe("dragging", () => {
  beforeEach(() => scene.enter());

  it("asks once per animation frame, near first, and exactly when let go", async () => {
    for (const share of [0.1, 0.2, 0.4, 0.5]) scene.room.scrubTo(share);
    const before = scene.line.sent.length;
    await scene.beat();
    expect(scene.line.sent).toHaveLength(before + 1);
    expect(asked().at(-1)).toEqual([scene.room.state.frameAtShare(0.5), 700, true]);
    await scene.answer({ exact: false, frame: 4 });
    expect(scene.room.state.drawn?.exact).toBe(false);
    expect(scene.room.state.frame).toBe(4);
    scene.room.scrubEnd();
    expect(asked().at(-1)).toEqual([scene.room.state.frameAtShare(0.5), 700, false]);
    await scene.answer();
    expect(scene.room.state.settled).toBe(true);
  });

  it("draws near pictures of every size in one place, each over the one before", async () => {
    const [before] = scene.places;
    scene.room.scrubTo(0.5);
    await scene.beat();
    const { generation } = scene.line.last!;
    for (const [frame, width, height] of [
      [4, 540, 304],
      [6, 700, 394],
      [7, 1920, 1080],
    ] as const) {
      scene.line.picture({ generation, frame, width, height, exact: false });
      await scene.beat();
      expect([scene.drawn.at(-1), scene.room.state.frame]).toEqual([frame, frame]);
      expect(scene.places.at(-1)).toEqual(before);
      await scene.room.capture();
      expect(scene.names).not.toContain("capture_still");
    }
  });

  it("that ends on the frame already shown asks for nothing more", async () => {
    scene.room.scrubTo(0);
    await scene.beat();
    const before = scene.line.sent.length;
    scene.room.scrubEnd();
    await scene.beat(500);
    expect(scene.line.sent).toHaveLength(before);
  });
});

describe("playing", () => {
  beforeEach(() => scene.enter());

  it("asks for one frame at a time, the one that is due", async () => {
    scene.room.act({ do: "toggle" });
    await scene.beat(90);
    expect(asked().at(-1)).toEqual([1, 700, false]);
    const before = scene.line.sent.length;
    await scene.beat(400);
    expect(scene.line.sent).toHaveLength(before);
    await scene.answer();
    expect(scene.room.state.frame).toBe(1);
    expect(scene.line.sent.length).toBe(before + 1);
    expect(scene.line.last!.frame).toBeGreaterThan(5);
  });

  it("freezes on the frame on the glass and drops what is on its way", async () => {
    scene.room.act({ do: "toggle" });
    await scene.beat(90);
    const wish = scene.line.last!;
    expect(wish.frame).toBe(1);
    scene.room.act({ do: "freeze" });
    scene.line.picture({ generation: wish.generation, frame: wish.frame, width: 700, height: 394 });
    await scene.beat(500);
    expect([scene.room.state.frame, scene.room.state.settled, scene.room.state.playing]).toEqual([0, true, false]);
  });

  it("stops at the end with the last frame on the glass", async () => {
    scene.room.act({ do: "toggle" });
    for (let turn = 0; turn < 60; turn++) {
      await scene.beat(40);
      if (scene.room.session.waiting) await scene.answer();
    }
    expect([scene.room.state.playing, scene.room.state.frame, scene.room.state.settled]).toEqual([false, 11, true]);
  });

  it("goes backwards with J and faster with J again", async () => {
    scene.room.act({ do: "last" });
    await scene.answer();
    scene.room.act({ do: "backward" });
    scene.room.act({ do: "backward" });
    expect([scene.room.state.playing, scene.room.state.backward, scene.room.state.rate]).toEqual([true, true, 2]);
    scene.room.act({ do: "forward" });
    expect(scene.room.state.backward).toBe(false);
  });
});

describe("capturing", () => {
  beforeEach(() => scene.enter());

  it("asks for the frame on the glass and counts what the reply holds", async () => {
    expect(scene.room.keeping.stills).toHaveLength(1);
    scene.room.act({ do: "step", by: 1 });
    await scene.answer();
    await scene.room.capture();
    expect(scene.calls.at(-1)).toEqual(["capture_still", { clip: CLIP, frame: 1 }]);
    expect(scene.room.keeping.stills.map(({ id }) => id)).toEqual(["a", "c"]);
    expect(scene.room.notices.current).toEqual({ kind: "done", text: "Still captured into the reply. It holds 2 stills now." });
    await scene.beat(10_000);
    expect(scene.room.notices.current).toBeNull();
  });

  it("refuses a near frame", async () => {
    scene.room.scrubTo(0.6);
    await scene.beat();
    await scene.answer({ exact: false });
    await scene.room.capture();
    expect(scene.names).not.toContain("capture_still");
    expect(scene.room.notices.current?.kind).toBe("trouble");
  });

  it("says that a captured frame is damaged", async () => {
    scene.room.act({ do: "step", by: 1 });
    await scene.answer({ hurt: true });
    expect(scene.room.state.settled).toBe(true);
    await scene.room.capture();
    expect(scene.calls.at(-1)).toEqual(["capture_still", { clip: CLIP, frame: 1 }]);
    expect(scene.room.keeping.stills).toHaveLength(2);
    expect(scene.room.notices.current).toEqual({
      kind: "trouble",
      text: "Still captured into the reply, but this frame is damaged: the decoder had to make up a part of the picture.",
    });
  });

  it("does one at a time", async () => {
    await Promise.all([scene.room.capture(), scene.room.capture()]);
    expect(scene.names.filter((name) => name === "capture_still")).toHaveLength(1);
  });

  it("freezes what plays", async () => {
    scene.room.act({ do: "toggle" });
    await scene.beat(90);
    await scene.answer();
    scene.room.act({ do: "capture" });
    expect(scene.room.state.playing).toBe(false);
    expect(scene.calls.at(-1)).toEqual(["capture_still", { clip: CLIP, frame: 1 }]);
  });

  it("says why it did not work", async () => {
    scene.answers.capture_still = () => {
      throw { code: "no_room", message: "The disk is full." };
    };
    await scene.room.capture();
    expect(scene.room.notices.current).toEqual({ kind: "trouble", text: "The disk is full." });
    expect(scene.room.keeping.capturing).toBe(false);
  });
});
