import type { Calls, DeskEvent, StagedFile } from "@limpet/shared/gen/wire";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Rect } from "./geometry";
import type { Painter } from "./painter";
import type { Picture } from "./picture";
import { Room } from "./room.svelte";
import type { Desk } from "./session.svelte";
import { FakeLine, phoneClip } from "./testing";

const CLIP = "0190-clip";
const BEAT_MS = 16;

let lines: FakeLine[];
let calls: [string, unknown][];
let answers: Partial<Record<keyof Calls, () => unknown>>;
let drawn: number[];
let places: Rect[];
/** The first level of the table that each picture was taken with. */
let levels: (number | null | undefined)[];
let hear: (event: DeskEvent) => void;
let room: Room;

const line = () => lines.at(-1)!;
const asked = () => line().sent.map(({ frame, max_width, near_first }) => [frame, max_width, near_first]);
const names = () => calls.map(([name]) => name);
/** Lets promises settle and, with them, an animation frame pass. */
const beat = (ms = BEAT_MS) => vi.advanceTimersByTimeAsync(ms);

const still = (id: string): StagedFile => ({
  id,
  kind: "still",
  name: "still.png",
  mime: "image/png",
  bytes: 9,
  caption: "",
  still_of: { clip: CLIP, frame: 0, at: 0 },
});

const desk: Desk = {
  call: async (name, args) => {
    calls.push([name, args]);
    const answer = answers[name];
    if (!answer) throw { code: "internal", message: `No ${name} here.` };
    return answer() as never;
  },
  host: async () => ({
    listen: (heard) => {
      hear = heard;
      return () => undefined;
    },
    mediaUrl: () => "",
  }),
};

const painter: Painter = {
  take: (picture, tones) => {
    drawn.push(picture.frame);
    levels.push(tones && tones[0]);
  },
  draw: (place) => places.push(place),
  dispose: () => undefined,
};

/** Answers the newest wish exactly, at the size that was asked for. */
async function answer(some: Partial<Picture> = {}) {
  const wish = line().last!;
  const size = { width: wish.max_width || 1920, height: wish.max_height || 1080 };
  line().picture({ generation: wish.generation, frame: wish.frame, ...size, ...some });
  await beat();
}

async function enter() {
  room.attach(painter);
  room.resize({ width: 1440, height: 700 });
  room.enter();
  await beat();
  line().accept(phoneClip(12));
  await answer();
}

beforeEach(() => {
  vi.useFakeTimers();
  [lines, calls, drawn, places, levels] = [[], [], [], [], []];
  answers = {
    open_review: () => ({ clip: { id: CLIP, bytes: 50 }, socket: "ws://127.0.0.1:1/" }),
    close_review: () => null,
    open_conversation: () => ({ draft: { files: [still("a"), { ...still("b"), kind: "photo" }] } }),
    capture_still: () => still("c"),
  };
  room = new Room(CLIP, "0190-talk", desk, (address) => {
    lines.push(new FakeLine(address));
    return line();
  });
});

afterEach(() => {
  room.leave();
  vi.useRealTimers();
});

describe("entering", () => {
  it("opens the clip and shows its first frame at the size of the glass", async () => {
    await enter();
    expect(room.session.phase).toEqual({ kind: "open" });
    expect(asked()).toEqual([[0, 700, false]]);
    expect(drawn).toEqual([0]);
    expect(room.state.settled).toBe(true);
  });

  it("says why a clip cannot be opened, and opens it when asked again", async () => {
    const open = answers.open_review!;
    answers.open_review = () => {
      throw { code: "bad_clip", message: "This file is not a clip." };
    };
    room.enter();
    await beat();
    expect(room.session.phase).toEqual({ kind: "failed", message: "This file is not a clip.", died: false });
    answers.open_review = open;
    await room.session.again();
    line().accept(phoneClip());
    expect(room.session.phase).toEqual({ kind: "open" });
  });

  it("lets go of a clip that opens after the person has left", async () => {
    room.enter();
    room.leave();
    await beat();
    expect(lines).toHaveLength(0);
    expect(names().at(-1)).toBe("close_review");
  });
});

describe("a first picture", () => {
  beforeEach(async () => {
    room.attach(painter);
    room.resize({ width: 1440, height: 700 });
    room.enter();
    await beat();
    line().opens();
    line().picture({ generation: 0, exact: false, width: 1280, height: 720, rotation: 90 });
    await beat();
  });

  it("is shown before the clip is known, where the clip will be", async () => {
    expect(drawn).toEqual([0]);
    expect(room.session.phase.kind).toBe("opening");
    expect(places.at(-1)?.height).toBeCloseTo(700);
    const [before] = places;
    line().accept(phoneClip(12));
    expect(asked()).toEqual([[0, 700, false]]);
    await answer();
    expect(room.session.phase.kind).toBe("open");
    expect(places.at(-1)).toEqual(before);
    expect(room.state.settled).toBe(true);
  });

  it("is near, and nothing is done with it", async () => {
    expect(room.state.drawn).toMatchObject({ exact: false, generation: 0 });
    room.act({ do: "zoom", by: 1 });
    room.zoom(3, { x: 0, y: 0 });
    await room.capture();
    expect(room.state.view.zoom).toBe(1);
    expect(names()).not.toContain("capture_still");
  });

  it("of a clip that cannot be opened is followed by the reason, and by nothing else", async () => {
    line().fails(0, "This clip has no pictures in it.");
    expect(room.session.phase).toEqual({ kind: "failed", message: "This clip has no pictures in it.", died: false });
    await beat(60_000);
    expect(lines).toHaveLength(1);
    expect(names().filter((name) => name.endsWith("_review"))).toEqual(["open_review", "close_review"]);
  });
});

describe("a clip that still arrives", () => {
  beforeEach(async () => {
    room.attach(painter);
    room.resize({ width: 1440, height: 700 });
    room.enter();
    await beat();
    line().accept(phoneClip(12), false);
    line().arrived([0, 3], [8, 11]);
    await answer();
  });

  it("asks for nothing when more is known and the frame on the glass is the one that is wanted", async () => {
    const before = line().sent.length;
    line().accept(phoneClip(12), false);
    line().arrived([0, 11]);
    line().accept(phoneClip(12));
    await beat(1000);
    expect(line().sent).toHaveLength(before);
    expect(room.state.gaps).toEqual([]);
  });

  it("asks for a frame again by its new number when that has moved, and not when it has not", async () => {
    const early = { ...phoneClip(12), times: phoneClip(12).times.filter((_, frame) => frame !== 2) };
    line().accept(early, false);
    room.act({ do: "step", by: 4 });
    expect(line().last?.frame).toBe(4);
    line().accept(phoneClip(12));
    expect(line().last?.frame).toBe(5);
    const before = line().sent.length;
    line().accept(phoneClip(12));
    expect(line().sent).toHaveLength(before);
  });

  it("does not take a picture that came before its number moved for another frame", async () => {
    const early = { ...phoneClip(12), times: phoneClip(12).times.filter((_, frame) => frame !== 2) };
    line().accept(early, false);
    room.act({ do: "step", by: 4 });
    const wish = line().last!;
    line().picture({ generation: wish.generation, frame: wish.frame, width: 700, height: 394 });
    line().accept(phoneClip(12));
    expect(room.state.frame).toBe(5);
    expect(room.state.settled).toBe(false);
    expect(line().last?.frame).toBe(5);
    await answer();
    expect([room.state.frame, room.state.settled]).toEqual([5, true]);
  });

  it("says that bytes are missing until the picture is there", async () => {
    room.act({ do: "step", by: 5 });
    expect(room.session.bytesMissing).toBe(false);
    line().waits();
    expect(room.session.bytesMissing).toBe(true);
    await beat(20_000);
    expect(lines).toHaveLength(1);
    await answer();
    expect([room.session.bytesMissing, room.state.frame]).toEqual([false, 5]);
  });

  it("says it no more when another frame is wanted", () => {
    room.act({ do: "step", by: 5 });
    line().waits();
    room.act({ do: "first" });
    expect(room.session.bytesMissing).toBe(false);
  });

  it("plays on where it stood when the bytes have come", async () => {
    room.act({ do: "toggle" });
    await beat(90);
    line().waits();
    await beat(20_000);
    expect(room.state.playing).toBe(true);
    await answer();
    expect([room.state.frame, room.state.playing]).toEqual([1, true]);
    await beat(32);
    expect(line().last!.frame).toBe(2);
  });

  it("says how much of it is here, also when it is open", () => {
    hear({ kind: "progress", attachment: "0190-other", sent: 1, total: 50 });
    expect(room.session.share).toBeNull();
    hear({ kind: "progress", attachment: CLIP, sent: 39, total: 50 });
    expect(room.session.share).toBeCloseTo(0.78);
    expect(room.session.phase).toEqual({ kind: "open" });
    // Its poster has come.
    hear({ kind: "progress", attachment: CLIP, sent: 7, total: 7 });
    expect(room.session.share).toBeCloseTo(0.78);
  });

  it("takes nothing that came before the clip was opened for the clip, unless it is", async () => {
    room.leave();
    for (const [total, share] of [
      [7, null],
      [50, 0.14],
    ] as const) {
      room = new Room(CLIP, "0190-talk", desk, (address) => (lines.push(new FakeLine(address)), line()));
      const open = answers.open_review!;
      let opened = () => undefined as void;
      answers.open_review = () => new Promise<void>((resolve) => (opened = resolve)).then(open);
      room.enter();
      await beat();
      hear({ kind: "progress", attachment: CLIP, sent: 7, total });
      expect(room.session.phase).toEqual({ kind: "opening", share: 7 / total });
      opened();
      await beat();
      expect(room.session.share).toBe(share);
      answers.open_review = open;
      room.leave();
    }
  });
});

describe("colours that a screen does not show as they are", () => {
  const tones = (level: number, primaries = 9) =>
    line().tells({ kind: "tones", transfer: 18, primaries, table: btoa(String.fromCharCode(level).repeat(33 ** 3 * 3)) });
  beforeEach(enter);

  it("are not shown before what they mean has come, and are then", async () => {
    room.act({ do: "step", by: 1 });
    tones(5, 1);
    await answer({ transfer: 18, primaries: 9 });
    expect([drawn.at(-1), room.state.frame, room.state.settled]).toEqual([0, 0, false]);
    tones(7);
    await beat();
    expect([drawn.at(-1), room.state.frame, room.state.settled]).toEqual([1, 1, true]);
    expect(levels).toEqual([null, 7]);
  });

  it("are shown by the table that came last, also on a new line and by a new painter", async () => {
    tones(7);
    line().cut();
    await beat(500);
    line().accept(phoneClip(12));
    tones(9);
    room.act({ do: "step", by: 1 });
    await answer({ transfer: 18, primaries: 9 });
    room.attach({ ...painter });
    expect(levels).toEqual([null, 9, 9]);
  });
});

describe("stepping", () => {
  beforeEach(enter);

  it("asks when the key goes down, and draws when the picture has come", async () => {
    room.act({ do: "step", by: 1 });
    expect(asked().at(-1)).toEqual([1, 700, false]);
    expect(room.state.frame).toBe(0);
    await answer();
    expect(room.state.frame).toBe(1);
  });

  it("by a held key waits for pictures, by presses does not", async () => {
    room.act({ do: "step", by: 1 });
    room.act({ do: "step", by: 1 }, true);
    expect(room.state.wanted).toBe(1);
    room.act({ do: "step", by: 1 });
    expect(room.state.wanted).toBe(2);
    await answer();
    room.act({ do: "step", by: 1 }, true);
    expect(room.state.wanted).toBe(3);
  });

  it("asks for nothing beyond the end", async () => {
    room.act({ do: "last" });
    await answer();
    const before = line().sent.length;
    room.act({ do: "step", by: 1 });
    expect(line().sent).toHaveLength(before);
  });

  it("gets every pixel at rest when zoomed, and not before", async () => {
    room.zoom(3, { x: 700, y: 300 });
    room.act({ do: "step", by: 1 });
    await answer();
    expect(asked().at(-1)).toEqual([1, 700, false]);
    await beat(200);
    expect(asked().at(-1)).toEqual([1, 0, false]);
    await answer();
    const before = line().sent.length;
    await beat(1000);
    expect(line().sent).toHaveLength(before);
  });

  it("says what is wrong with a frame, once, and goes on", async () => {
    room.act({ do: "step", by: 1 });
    line().fails(line().last!.generation, "This frame is damaged.");
    expect(room.session.trouble).toBe("This frame is damaged.");
    const before = line().sent.length;
    await beat(1000);
    expect(line().sent).toHaveLength(before);
    room.act({ do: "step", by: 1 });
    await answer();
    expect(room.session.trouble).toBeNull();
    expect(room.state.frame).toBe(2);
  });
});

describe("dragging", () => {
  beforeEach(enter);

  it("asks once per animation frame, near first, and exactly when let go", async () => {
    for (const share of [0.1, 0.2, 0.4, 0.5]) room.scrubTo(share);
    const before = line().sent.length;
    await beat();
    expect(line().sent).toHaveLength(before + 1);
    expect(asked().at(-1)).toEqual([room.state.frameAtShare(0.5), 700, true]);
    await answer({ exact: false, frame: 4 });
    expect(room.state.drawn?.exact).toBe(false);
    expect(room.state.frame).toBe(4);
    room.scrubEnd();
    expect(asked().at(-1)).toEqual([room.state.frameAtShare(0.5), 700, false]);
    await answer();
    expect(room.state.settled).toBe(true);
  });

  it("draws near pictures of every size in one place, each over the one before", async () => {
    const [before] = places;
    room.scrubTo(0.5);
    await beat();
    const { generation } = line().last!;
    for (const [frame, width, height] of [
      [4, 540, 304],
      [6, 700, 394],
      [7, 1920, 1080],
    ] as const) {
      line().picture({ generation, frame, width, height, exact: false });
      await beat();
      expect([drawn.at(-1), room.state.frame]).toEqual([frame, frame]);
      expect(places.at(-1)).toEqual(before);
      await room.capture();
      expect(names()).not.toContain("capture_still");
    }
  });

  it("that ends on the frame already shown asks for nothing more", async () => {
    room.scrubTo(0);
    await beat();
    const before = line().sent.length;
    room.scrubEnd();
    await beat(500);
    expect(line().sent).toHaveLength(before);
  });
});

describe("playing", () => {
  beforeEach(enter);

  it("asks for one frame at a time, the one that is due", async () => {
    room.act({ do: "toggle" });
    await beat(90);
    expect(asked().at(-1)).toEqual([1, 700, false]);
    const before = line().sent.length;
    await beat(400);
    expect(line().sent).toHaveLength(before);
    await answer();
    expect(room.state.frame).toBe(1);
    expect(line().sent.length).toBe(before + 1);
    expect(line().last!.frame).toBeGreaterThan(5);
  });

  it("freezes on the frame on the glass and drops what is on its way", async () => {
    room.act({ do: "toggle" });
    await beat(90);
    const wish = line().last!;
    expect(wish.frame).toBe(1);
    room.act({ do: "freeze" });
    line().picture({ generation: wish.generation, frame: wish.frame, width: 700, height: 394 });
    await beat(500);
    expect([room.state.frame, room.state.settled, room.state.playing]).toEqual([0, true, false]);
  });

  it("stops at the end with the last frame on the glass", async () => {
    room.act({ do: "toggle" });
    for (let turn = 0; turn < 60; turn++) {
      await beat(40);
      if (room.session.waiting) await answer();
    }
    expect([room.state.playing, room.state.frame, room.state.settled]).toEqual([false, 11, true]);
  });

  it("goes backwards with J and faster with J again", async () => {
    room.act({ do: "last" });
    await answer();
    room.act({ do: "backward" });
    room.act({ do: "backward" });
    expect([room.state.playing, room.state.backward, room.state.rate]).toEqual([true, true, 2]);
    room.act({ do: "forward" });
    expect(room.state.backward).toBe(false);
  });
});

describe("capturing", () => {
  beforeEach(enter);

  it("asks for the frame on the glass and counts what the reply holds", async () => {
    expect(room.stills).toHaveLength(1);
    room.act({ do: "step", by: 1 });
    await answer();
    await room.capture();
    expect(calls.at(-1)).toEqual(["capture_still", { clip: CLIP, frame: 1 }]);
    expect(room.stills.map(({ id }) => id)).toEqual(["a", "c"]);
    expect(room.notice).toEqual({ kind: "done", text: "Still captured into the reply. It holds 2 stills now." });
    await beat(10_000);
    expect(room.notice).toBeNull();
  });

  it("refuses a near frame", async () => {
    room.scrubTo(0.6);
    await beat();
    await answer({ exact: false });
    await room.capture();
    expect(names()).not.toContain("capture_still");
    expect(room.notice?.kind).toBe("trouble");
  });

  it("says that a captured frame is damaged", async () => {
    room.act({ do: "step", by: 1 });
    await answer({ hurt: true });
    expect(room.state.settled).toBe(true);
    await room.capture();
    expect(calls.at(-1)).toEqual(["capture_still", { clip: CLIP, frame: 1 }]);
    expect(room.stills).toHaveLength(2);
    expect(room.notice).toEqual({
      kind: "trouble",
      text: "Still captured into the reply, but this frame is damaged: the decoder had to make up a part of the picture.",
    });
  });

  it("does one at a time", async () => {
    await Promise.all([room.capture(), room.capture()]);
    expect(names().filter((name) => name === "capture_still")).toHaveLength(1);
  });

  it("freezes what plays", async () => {
    room.act({ do: "toggle" });
    await beat(90);
    await answer();
    room.act({ do: "capture" });
    expect(room.state.playing).toBe(false);
    expect(calls.at(-1)).toEqual(["capture_still", { clip: CLIP, frame: 1 }]);
  });

  it("says why it did not work", async () => {
    answers.capture_still = () => {
      throw { code: "no_room", message: "The disk is full." };
    };
    await room.capture();
    expect(room.notice).toEqual({ kind: "trouble", text: "The disk is full." });
    expect(room.capturing).toBe(false);
  });
});

describe("a decoder that dies", () => {
  /** Cuts every line until the socket gives up. */
  async function die() {
    const before = lines.length;
    for (let turn = 0; turn < 40 && names().filter((name) => name === "open_review").length === opened; turn++) {
      if (line().readyState !== 3) line().cut();
      await beat(250);
      if (room.session.phase.kind === "failed") break;
    }
    return lines.length - before;
  }
  let opened: number;

  beforeEach(async () => {
    await enter();
    room.act({ do: "step", by: 3 });
    await answer();
    opened = names().filter((name) => name === "open_review").length;
  });

  it("is opened again by itself at the same frame, with generations that go on", async () => {
    room.act({ do: "step", by: 1 });
    const before = line().last!.generation;
    await die();
    expect(room.session.phase.kind).toBe("reopening");
    expect(names().filter((name) => /_review/.test(name))).toEqual(["open_review", "close_review", "open_review"]);
    await beat();
    line().accept(phoneClip(12));
    expect(line().last!.frame).toBe(4);
    expect(line().last!.generation).toBeGreaterThan(before);
    await answer();
    expect([room.session.phase.kind, room.state.frame]).toEqual(["open", 4]);
  });

  it("a second time waits for the person, and starts from the last frame that was shown", async () => {
    room.act({ do: "step", by: 1 });
    await die();
    opened += 1;
    await beat();
    line().accept(phoneClip(12));
    await die();
    expect(room.session.phase).toMatchObject({ kind: "failed", died: true });
    await room.session.again();
    line().accept(phoneClip(12));
    expect(line().sent.map(({ frame }) => frame)).toEqual([]);
    expect([room.state.wanted, room.state.frame]).toEqual([3, 3]);
  });
});
