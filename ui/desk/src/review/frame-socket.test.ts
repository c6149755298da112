import type { ClipIndex } from "@limpet/shared/gen/wire";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Run } from "./arrived";
import { FrameSocket, type Tones, type Wish } from "./frame-socket";
import type { Picture } from "./picture";
import { FakeLine, phoneClip } from "./testing";

const wish = (frame: number, nearFirst = false): Wish => ({ frame, maxWidth: 640, maxHeight: 360, nearFirst });

let lines: FakeLine[];
let ready: ClipIndex[];
let pictures: Picture[];
let failures: string[];
let refusals: string[];
let said: unknown[];
let lost: number;
let doubts: number;
let socket: FrameSocket;

const line = () => lines.at(-1)!;
const shown = () => pictures.map(({ generation, exact }) => `${generation}${exact ? "" : "~"}`);

function open(after = 0) {
  const hears = {
    ready: (clip: ClipIndex, whole: boolean) => {
      ready.push(clip);
      said.push(whole ? "whole" : "partly");
    },
    arrived: (runs: Run[]) => said.push(runs),
    tones: ({ transfer, primaries, table }: Tones) => said.push([transfer, primaries, table]),
    picture: (picture: Picture) => pictures.push(picture),
    bytesMissing: () => said.push("bytes missing"),
    failed: (failure: { message: string }) => failures.push(failure.message),
    refused: (failure: { message: string }) => refusals.push(failure.message),
    doubted: () => (doubts += 1),
    lost: () => (lost += 1),
  };
  socket = new FrameSocket("ws://127.0.0.1:1/?token=t", hears, after, (address) => {
    lines.push(new FakeLine(address));
    return line();
  });
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  [lines, ready, pictures, failures, refusals, said, lost, doubts] = [[], [], [], [], [], [], 0, 0];
  open();
});

afterEach(() => {
  socket.close();
  vi.useRealTimers();
});

describe("wishes", () => {
  it("wait for the child to be ready, and only the newest goes out then", () => {
    socket.show(wish(1));
    socket.show(wish(2));
    expect(line().sent).toEqual([]);
    line().accept(phoneClip());
    expect(ready).toHaveLength(1);
    expect(line().binaryType).toBe("arraybuffer");
    expect(line().sent).toEqual([
      { kind: "show", generation: 2, frame: 2, max_width: 640, max_height: 360, near_first: false },
    ]);
  });

  it("go out at once, each with a generation of its own, whatever is unanswered", () => {
    line().accept(phoneClip());
    socket.show(wish(4));
    socket.show(wish(5, true));
    socket.show(wish(6));
    expect(line().sent.map(({ generation, frame }) => [generation, frame])).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });

  it("count on from an earlier line", () => {
    open(41);
    line().accept(phoneClip());
    expect(socket.show(wish(0))).toBe(42);
  });
});

describe("pictures", () => {
  beforeEach(() => line().accept(phoneClip()));

  it("of an older generation are never shown after a newer one", () => {
    for (let frame = 0; frame < 4; frame++) socket.show(wish(frame));
    line().picture({ generation: 2 });
    line().picture({ generation: 1 });
    line().picture({ generation: 4 });
    line().picture({ generation: 3 });
    expect(shown()).toEqual(["2", "4"]);
  });

  it("near the wish are not shown after the exact one", () => {
    socket.show(wish(9, true));
    line().picture({ generation: 1, exact: false });
    line().picture({ generation: 1 });
    line().picture({ generation: 1, exact: false });
    expect(shown()).toEqual(["1~", "1"]);
  });

  it("of generations nobody asked for are not shown", () => {
    socket.show(wish(9));
    line().picture({ generation: 7 });
    expect(shown()).toEqual([]);
  });

  it("answer the newest wish only when they are exact and belong to it", () => {
    socket.show(wish(1, true));
    socket.show(wish(2, true));
    line().picture({ generation: 1 });
    expect(socket.waiting).toBe(true);
    line().picture({ generation: 2, exact: false });
    expect(socket.waiting).toBe(true);
    line().picture({ generation: 2 });
    expect(socket.waiting).toBe(false);
  });

  it("on their way are dropped when forgotten", () => {
    socket.show(wish(1));
    socket.forget();
    expect(socket.waiting).toBe(false);
    line().picture({ generation: 1 });
    socket.show(wish(2));
    line().picture({ generation: 2 });
    expect(shown()).toEqual(["2"]);
  });

  it("that are cut short are not shown and answer nothing", () => {
    socket.show(wish(1));
    line().onmessage?.call(null as never, new MessageEvent("message", { data: new ArrayBuffer(50) }));
    expect(shown()).toEqual([]);
    expect(socket.waiting).toBe(true);
  });
});

describe("a first picture", () => {
  it("is shown before the clip is known, and is answered by no wish", () => {
    line().opens();
    line().picture({ generation: 0, exact: false });
    expect(shown()).toEqual(["0~"]);
    line().accept(phoneClip());
    socket.show(wish(0));
    expect(socket.waiting).toBe(true);
    line().picture({ generation: 1 });
    expect(shown()).toEqual(["0~", "1"]);
  });

  it("of a line that was opened again is not shown over a later one", () => {
    line().accept(phoneClip());
    socket.show(wish(3));
    line().picture({ generation: 1 });
    line().cut();
    vi.advanceTimersByTime(500);
    line().opens();
    line().picture({ generation: 0, exact: false });
    expect(shown()).toEqual(["1"]);
  });
});

describe("a clip that still arrives", () => {
  it("is told again as more is known, and what is asked is not asked again", () => {
    socket.show(wish(7));
    line().accept(phoneClip(8), false);
    line().arrived([0, 3]);
    line().waits();
    line().accept(phoneClip(12), false);
    line().arrived([0, 7]);
    line().accept(phoneClip(12));
    expect(ready.map(({ times }) => times.length)).toEqual([8, 12, 12]);
    expect(said).toEqual(["partly", [[0, 3]], "bytes missing", "partly", [[0, 7]], "whole"]);
    expect(line().sent).toHaveLength(1);
    line().picture({ generation: 1, frame: 7 });
    expect([shown(), socket.waiting]).toEqual([["1"], false]);
  });

  it("says of the newest wish alone that its bytes are missing", () => {
    line().accept(phoneClip(), false);
    socket.show(wish(7));
    socket.show(wish(1));
    line().waits(1);
    expect(said).toEqual(["partly"]);
    line().waits(2);
    expect(said).toEqual(["partly", "bytes missing"]);
    expect(socket.waiting).toBe(true);
  });

  it("may take its time to become known", () => {
    line().opens();
    vi.advanceTimersByTime(600_000);
    expect([lines.length, lost]).toEqual([1, 0]);
  });

  it("hands on what its colours mean", () => {
    line().accept(phoneClip());
    line().tells({ kind: "tones", transfer: 18, primaries: 9, table: "AAAA" });
    expect(said).toEqual(["whole", [18, 9, "AAAA"]]);
    expect(failures).toEqual([]);
  });
});

describe("failures", () => {
  beforeEach(() => line().accept(phoneClip()));

  it("before anything is known mean that the clip cannot be opened: nothing follows", () => {
    open();
    line().opens();
    line().fails(0, "This is not a clip.");
    expect([refusals, failures]).toEqual([["This is not a clip."], []]);
    expect(line().readyState).toBe(3);
    const before = lines.length;
    vi.advanceTimersByTime(60_000);
    expect([lines.length, lost]).toEqual([before, 0]);
  });

  it("of the rest of a clip are told, and answer no wish", () => {
    socket.show(wish(1));
    line().fails(0, "The rest could not be read.");
    expect([failures, refusals]).toEqual([["The rest could not be read."], []]);
    expect(socket.waiting).toBe(true);
    line().picture({ generation: 1 });
    expect(shown()).toEqual(["1"]);
  });

  it("of the newest wish are told, and the line stays", () => {
    socket.show(wish(1));
    line().fails(1, "This frame is damaged.");
    expect(failures).toEqual(["This frame is damaged."]);
    expect(socket.waiting).toBe(false);
    socket.show(wish(2));
    line().picture({ generation: 2 });
    expect(shown()).toEqual(["2"]);
  });

  it("of an overwritten wish concern nobody", () => {
    socket.show(wish(1));
    socket.show(wish(2));
    line().fails(1, "Too late.");
    expect(failures).toEqual([]);
    expect(socket.waiting).toBe(true);
  });
});

describe("the watchdog", () => {
  it("connects again when the line is cut, and asks again for what is unanswered", () => {
    line().accept(phoneClip());
    socket.show(wish(3));
    socket.show(wish(8));
    line().cut();
    vi.advanceTimersByTime(500);
    expect(lines).toHaveLength(2);
    line().accept(phoneClip());
    expect(line().sent.map(({ generation, frame }) => [generation, frame])).toEqual([[2, 8]]);
  });

  it("asks for nothing on a new line when everything was answered", () => {
    line().accept(phoneClip());
    socket.show(wish(3));
    line().picture({ generation: 1 });
    line().cut();
    vi.advanceTimersByTime(500);
    line().accept(phoneClip());
    expect(line().sent).toEqual([]);
  });

  it("hears nothing from a line it has left", () => {
    const [first] = lines;
    first?.accept(phoneClip());
    socket.show(wish(3));
    first?.cut();
    vi.advanceTimersByTime(500);
    line().accept(phoneClip());
    first?.picture({ generation: 1 });
    expect(shown()).toEqual([]);
  });

  it("lets a long exact seek take its time, but not for ever", () => {
    line().accept(phoneClip());
    socket.show(wish(3));
    vi.advanceTimersByTime(4750);
    expect(lines).toHaveLength(1);
    vi.advanceTimersByTime(1500);
    expect(lines).toHaveLength(2);
    // The same seek gets twice the time, so that it can end at all.
    line().accept(phoneClip());
    vi.advanceTimersByTime(9000);
    expect(lines).toHaveLength(2);
    vi.advanceTimersByTime(2500);
    expect(lines).toHaveLength(3);
  });

  it("does not take a silent child for dead when nothing is wanted of it", () => {
    line().accept(phoneClip());
    socket.show(wish(3));
    line().picture({ generation: 1 });
    vi.advanceTimersByTime(120_000);
    expect(lines).toHaveLength(1);
  });

  it("counts silence from the last sound, not from the last wish", () => {
    line().accept(phoneClip());
    socket.show(wish(3, true));
    vi.advanceTimersByTime(4000);
    line().picture({ generation: 1, exact: false });
    vi.advanceTimersByTime(4000);
    expect(lines).toHaveLength(1);
    for (let frame = 0; frame < 8; frame++) {
      socket.show(wish(frame));
      vi.advanceTimersByTime(250);
    }
    expect(lines).toHaveLength(2);
  });

  it("lets a child be silent while the bytes of the newest wish are missing", () => {
    line().accept(phoneClip(), false);
    socket.show(wish(9));
    line().waits();
    vi.advanceTimersByTime(600_000);
    expect(lines).toHaveLength(1);
    // The silence of the next wish begins with it.
    socket.show(wish(1));
    vi.advanceTimersByTime(4750);
    expect(lines).toHaveLength(1);
    vi.advanceTimersByTime(1000);
    expect(lines).toHaveLength(2);
  });

  it("looks again once more of the clip is known", () => {
    line().accept(phoneClip(), false);
    socket.show(wish(9));
    line().waits();
    line().accept(phoneClip());
    vi.advanceTimersByTime(6000);
    expect(lines).toHaveLength(2);
  });

  it("asks again on a new line for what waited for bytes when the old one was cut", () => {
    line().accept(phoneClip(), false);
    socket.show(wish(9));
    line().waits();
    line().cut();
    vi.advanceTimersByTime(500);
    line().accept(phoneClip(), false);
    expect(line().sent.map(({ generation, frame }) => [generation, frame])).toEqual([[1, 9]]);
    // Nobody has said on this line that its bytes are missing.
    vi.advanceTimersByTime(6000);
    expect(lines).toHaveLength(3);
  });

  it("gives up a line that stays cut, slower each time, and says so once", () => {
    line().accept(phoneClip());
    const gaps: number[] = [];
    for (let ms = 0, before = 0; ms < 20_000; ms += 250) {
      if (line().readyState !== 3) {
        gaps.push(ms - before);
        before = ms;
        line().cut();
      }
      vi.advanceTimersByTime(250);
    }
    expect(lines).toHaveLength(5);
    expect(gaps.slice(1)).toEqual([250, 500, 1000, 2000]);
    expect(lost).toBe(1);
  });

  it("says after half a second that a child may have died, once, and goes on trying", () => {
    line().accept(phoneClip());
    socket.show(wish(3));
    line().cut();
    vi.advanceTimersByTime(500);
    expect([lines.length, doubts]).toEqual([2, 0]);
    line().cut();
    expect([doubts, lost]).toEqual([1, 0]);
    for (let turn = 0; turn < 3; turn++) {
      vi.advanceTimersByTime(1000);
      line().cut();
    }
    expect([lines.length, doubts]).toEqual([4, 1]);
    // A line that is of use ends the doubt; the next one is another.
    vi.advanceTimersByTime(2000);
    line().accept(phoneClip());
    line().picture({ generation: 1 });
    line().cut();
    vi.advanceTimersByTime(500);
    line().cut();
    expect([doubts, lost]).toEqual([2, 0]);
  });

  it("does not hold against a child lines that were cut while nothing was wanted, or bytes were missing", () => {
    line().accept(phoneClip(), false);
    const mend = () => {
      line().cut();
      vi.advanceTimersByTime(500);
      line().accept(phoneClip(), false);
    };
    for (let turn = 0; turn < 8; turn++) mend();
    socket.show(wish(9));
    line().waits();
    for (let turn = 0; turn < 8; turn++) {
      mend();
      line().waits();
    }
    expect([doubts, lost, lines.length]).toEqual([0, 0, 17]);
  });

  it("gives up a child that is ready on every line and never answers", () => {
    line().accept(phoneClip());
    socket.show(wish(3));
    for (let ms = 0; ms < 180_000; ms += 250) {
      if (line().readyState === 0) line().accept(phoneClip());
      vi.advanceTimersByTime(250);
    }
    expect([lost, doubts]).toEqual([1, 1]);
  });

  it("gives up a line that never opens", () => {
    vi.advanceTimersByTime(60_000);
    expect(lost).toBe(1);
    expect(lines.length).toBeGreaterThan(1);
  });

  it("sleeps once the socket is closed", () => {
    socket.close();
    vi.advanceTimersByTime(60_000);
    expect(lines).toHaveLength(1);
    expect(lost).toBe(0);
  });
});
