import { choose } from "@limpet/shared/i18n";
import type { DeskEvent } from "@limpet/shared/gen/wire";
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import Header from "./Header.svelte";
import type { Picture } from "./picture";
import { Room } from "./room.svelte";
import Status from "./Status.svelte";
import { FakeLine, phoneClip } from "./testing";
import { clockOf } from "./times";
import Timeline from "./Timeline.svelte";

// Icons are components that only the build reads; nothing is read from them here.
vi.mock("@lucide/svelte/icons/arrow-left", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/camera", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/download", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/keyboard", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/maximize", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/zoom-in", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/zoom-out", () => ({ default: () => undefined }));

// jsdom lays nothing out.
vi.stubGlobal("ResizeObserver", class { observe = () => undefined; disconnect = () => undefined; unobserve = () => undefined; });

const CLIP = "0190-clip";
let line: FakeLine;
let hear: (event: DeskEvent) => void;
let room: Room;
let shown: Record<string, unknown>[] = [];

const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid=${id}]`);
const word = () => find("exactness")!;
const spoken = () => document.querySelector("[aria-live]")?.textContent;
const beat = async (ms = 16) => {
  await vi.advanceTimersByTimeAsync(ms);
  flushSync();
};

async function answer(some: Partial<Picture> = {}) {
  const { generation, frame } = line.last!;
  line.picture({ generation, frame, width: 700, height: 394, ...some });
  await beat();
}

beforeEach(async () => {
  vi.useFakeTimers();
  choose("en");
  const desk = {
    call: async (name: string) => (name === "open_review" ? { clip: { id: CLIP, bytes: 1000 }, socket: "ws://127.0.0.1:1/" } : null) as never,
    host: async () => ({
      listen: (heard: (event: DeskEvent) => void) => {
        hear = heard;
        return () => undefined;
      },
      mediaUrl: () => "",
    }),
  };
  room = new Room(CLIP, "0190-talk", desk, (address) => (line = new FakeLine(address)));
  const none = () => undefined;
  shown = [
    mount(Header, { target: document.body, props: { room, title: "", onsave: none, onleave: none, onhelp: none } }),
    mount(Status, { target: document.body, props: { room } }),
    mount(Timeline, { target: document.body, props: { room } }),
  ];
  room.attach({ take: none, draw: none, dispose: none });
  room.resize({ width: 1440, height: 700 });
  room.enter();
  await beat();
});

afterEach(() => {
  shown.forEach((one) => void unmount(one));
  document.body.replaceChildren();
  room.leave();
  choose("en");
  vi.useRealTimers();
});

describe("the word", () => {
  it("is near for a picture before the clip is known, of which nothing else is said", async () => {
    line.opens();
    line.picture({ generation: 0, exact: false });
    await beat();
    expect(word().textContent).toBe("near");
    expect([...find("status")!.classList]).toEqual(expect.arrayContaining(["unknown"]));
    line.accept(phoneClip(12));
    await answer();
    await beat(600);
    expect([word().textContent, find("status")!.classList.contains("unknown")]).toEqual(["EXACT", false]);
    expect(spoken()).toBe("0:00.000, frame 1 of 12, exact");
  });

  it("is damaged for the exact frame when a part of it is made up, and near for one near it", async () => {
    line.accept(phoneClip(12));
    await answer({ exact: false, hurt: true });
    expect(word().textContent).toBe("near");
    await answer({ hurt: true });
    await beat(600);
    expect([word().textContent, word().classList.contains("hurt"), word().classList.contains("exact")]).toEqual(["DAMAGED", true, false]);
    expect(word().title).toContain("make up a part");
    expect(spoken()).toBe("0:00.000, frame 1 of 12, damaged, a part of the picture is made up");
    choose("es");
    room.act({ do: "step", by: 1 });
    await answer({ hurt: true });
    expect(word().textContent).toBe("DAÑADO");
  });

  it("is that the frame is not here yet while its bytes are missing", async () => {
    line.accept(phoneClip(12), false);
    line.arrived([0, 3]);
    await answer();
    room.act({ do: "step", by: 5 });
    line.waits();
    await beat(600);
    expect([word().textContent, word().classList.contains("exact")]).toEqual(["not here yet", false]);
    expect(spoken()).toMatch(/frame 6 of 12, not here yet$/);
    expect(find("timeline")!.getAttribute("aria-valuetext")).toMatch(/frame 6 of 12, not here yet$/);
    // The readings are of the frame that is waited for, and look as if they were not sure.
    const readings = () => ["time", "frame"].map((id) => find(id)?.textContent);
    const { times, duration } = phoneClip(12);
    expect(readings()).toEqual([clockOf(times[5]!), "frame 6 of 12"]);
    expect(document.querySelector(".delta")?.textContent?.trim()).toBe("+17 ms");
    expect(find("timeline")!.getAttribute("aria-valuenow")).toBe("6");
    expect(find("status")!.classList.contains("missing")).toBe(true);
    const hair = () => document.querySelector<HTMLElement>(".hair")?.style.left;
    expect(hair()).toBe(`${((times[5]! / duration) * 100).toFixed(3)}%`);
    room.act({ do: "first" });
    await beat();
    expect([readings(), find("status")!.classList.contains("missing")]).toEqual([["0:00.000", "frame 1 of 12"], false]);
    room.act({ do: "step", by: 5 });
    line.waits();
    await answer();
    expect([word().textContent, hair()]).toEqual(["EXACT", undefined]);
    expect([readings()[1], find("status")!.classList.contains("missing")]).toEqual(["frame 6 of 12", false]);
    choose("es");
    room.act({ do: "step", by: 1 });
    line.waits();
    await beat();
    expect(word().textContent).toBe("no ha llegado");
  });
});

describe("a clip that still arrives", () => {
  const gaps = () => [...document.querySelectorAll<HTMLElement>("[data-testid=gap]")];

  it("is hatched where it is not here, by time, until all of it is", async () => {
    const { times, duration } = phoneClip(12);
    const percent = (us: number) => `${((us / duration) * 100).toFixed(3)}%`;
    line.accept(phoneClip(12), false);
    line.arrived([0, 3], [8, 9]);
    await answer();
    expect(gaps().map(({ style, title }) => [style.left, style.width, title])).toEqual([
      [percent(times[4]!), percent(times[8]! - times[4]!), "not here yet"],
      [percent(times[10]!), percent(duration - times[10]!), "not here yet"],
    ]);
    line.accept(phoneClip(12));
    await beat();
    expect(gaps()).toEqual([]);
  });

  it("says under the hand what is not here", async () => {
    line.accept(phoneClip(12), false);
    line.arrived([0, 3]);
    await answer();
    const track = find("timeline")!;
    track.getBoundingClientRect = () => ({ left: 0, width: 100 }) as DOMRect;
    const under = (clientX: number) => {
      track.dispatchEvent(new MouseEvent("pointermove", { clientX, bubbles: true }));
      flushSync();
      return track.querySelector(".label")?.textContent?.trim();
    };
    expect(under(1)).toBe("0:00.000");
    expect(under(99)).toBe("0:00.433, not here yet");
  });

  it("says how much of it is here until all of it is", async () => {
    line.accept(phoneClip(12), false);
    await beat();
    expect(find("arriving")?.textContent?.trim()).toBe("still arriving");
    hear({ kind: "progress", attachment: CLIP, sent: 789, total: 1000 });
    await beat();
    expect(find("arriving")?.textContent?.trim()).toBe("78 % here");
    line.accept(phoneClip(12));
    await beat();
    expect(find("arriving")).toBeNull();
  });
});
