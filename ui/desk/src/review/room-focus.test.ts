import { choose } from "@limpet/shared/i18n";
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import ReviewRoom from "./ReviewRoom.svelte";
import { FakeLine, phoneClip } from "./testing";

// Icons are components that only the build reads; nothing is read from them here.
vi.mock("@lucide/svelte/icons/arrow-left", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/camera", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/download", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/keyboard", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/maximize", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/pause", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/play", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/rotate-cw", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/step-back", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/step-forward", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/volume-2", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/volume-x", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/x", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/zoom-in", () => ({ default: () => undefined }));
vi.mock("@lucide/svelte/icons/zoom-out", () => ({ default: () => undefined }));

const CLIP = "0190-clip";
const lines: FakeLine[] = [];
let child = 1;
let shown: Record<string, unknown>;
let closed: number;
const line = () => lines.at(-1)!;

vi.mock("@limpet/shared/host", () => ({
  call: async (name: string) => {
    if (name === "open_review") return { clip: { id: CLIP, bytes: 50, clip: { audio: false } }, socket: `ws://127.0.0.1:${child}/` };
    return name === "open_conversation" ? { draft: { files: [] } } : null;
  },
  host: async () => ({ listen: () => () => undefined, mediaUrl: () => "" }),
}));
vi.mock("./paint-gl", () => ({ paintGl: () => ({ take: () => undefined, draw: () => undefined, dispose: () => undefined }) }));

// jsdom lays nothing out and opens no dialogs.
vi.stubGlobal("ResizeObserver", class { observe = () => undefined; disconnect = () => undefined; unobserve = () => undefined; });
HTMLDialogElement.prototype.showModal = function () {
  this.open = true;
};

const find = (id: string) => document.querySelector<HTMLElement>(`[data-testid=${id}]`);
const footer = () => document.querySelector("footer")!;
const focus = () => document.activeElement;
const phase = () => find("review-room")!.dataset["phase"];
const beat = async (ms = 16) => {
  await vi.advanceTimersByTimeAsync(ms);
  flushSync();
  // A browser takes the focus from what is inert.
  if (footer().inert && footer().contains(focus())) (focus() as HTMLElement).blur();
};
const press = (key: string, some: KeyboardEventInit = {}) => {
  (focus() ?? document.body).dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...some }));
  flushSync();
};

async function answer() {
  line().picture({ generation: line().last!.generation, frame: line().last!.frame, width: 700, height: 394 });
  await beat();
}

async function die() {
  const before = lines.length;
  child += 1;
  line().cut();
  for (let turn = 0; turn < 100 && !lines.slice(before).some(({ address }) => address.includes(`:${child}/`)); turn++) {
    await beat(50);
    if (!line().address.includes(`:${child}/`) && line().readyState === 0) line().cut();
  }
  await beat();
}

beforeEach(async () => {
  vi.useFakeTimers();
  choose("en");
  closed = 0;
  vi.stubGlobal("WebSocket", class extends FakeLine {
    constructor(address: string) {
      super(address);
      lines.push(this);
    }
  });
  const props = { clip: CLIP, conversation: "0190-talk", title: "", save: async () => null, onclose: () => void (closed += 1) };
  shown = mount(ReviewRoom, { target: document.body, props });
  flushSync();
  await beat();
  line().accept(phoneClip(40));
  await beat();
  await answer();
});

afterEach(() => {
  void unmount(shown);
  document.body.replaceChildren();
  choose("en");
  vi.useRealTimers();
});

describe("the focus", () => {
  it.each(["timeline", "play"])("comes back to the %s when another decoder is there", async (id) => {
    find(id)!.focus();
    await die();
    expect([phase(), focus()]).toEqual(["reopening", document.body]);
    line().accept(phoneClip(40));
    await beat();
    expect([phase(), (focus() as HTMLElement).dataset["testid"]]).toEqual(["open", id]);
  });

  it("comes back from a panel that goes", async () => {
    find("timeline")!.focus();
    await die();
    find("panel")!.querySelector("button")!.focus();
    line().accept(phoneClip(40));
    await beat();
    expect(focus()).toBe(find("timeline"));
  });

  it("stays where a hand has put it meanwhile", async () => {
    find("timeline")!.focus();
    await die();
    find("leave")!.focus();
    line().accept(phoneClip(40));
    await beat();
    expect(focus()).toBe(find("leave"));
  });

  it("goes to the sheet of keys, which is a dialog with a name, and back", () => {
    find("timeline")!.focus();
    press("?");
    const sheet = find("help")!;
    expect([focus(), sheet.getAttribute("role")]).toEqual([sheet, "dialog"]);
    expect(document.getElementById(sheet.getAttribute("aria-labelledby")!)?.textContent).toBe("Keys");
    press("Escape");
    expect([find("help"), focus(), closed]).toEqual([null, find("timeline"), 0]);
  });

  it("is not taken from what was chosen while the sheet was open", () => {
    press("?");
    find("play")!.focus();
    press("Escape");
    expect(focus()).toBe(find("play"));
  });
});

describe("the timeline", () => {
  it("is a slider for the keys of one", async () => {
    find("timeline")!.focus();
    for (const [key, frame] of [["PageUp", 10], ["ArrowDown", 9], ["PageDown", 0], ["ArrowUp", 1]] as const) {
      press(key);
      await answer();
      expect(find("timeline")!.getAttribute("aria-valuenow"), key).toBe(String(frame + 1));
    }
    find("play")!.focus();
    press("PageUp");
    expect(line().last!.frame).toBe(1);
  });
});

describe("a held key", () => {
  it("opens the sheet of keys once, and leaves the room only when pressed again", () => {
    press("?");
    press("?", { repeat: true });
    expect(find("help")).not.toBeNull();
    press("Escape");
    press("Escape", { repeat: true });
    expect([find("help"), closed]).toEqual([null, 0]);
    press("Escape");
    expect(closed).toBe(1);
  });

  it("on a button clicks once", () => {
    find("play")!.focus();
    const held = new KeyboardEvent("keydown", { key: "Enter", repeat: true, bubbles: true, cancelable: true });
    find("play")!.dispatchEvent(held);
    expect(held.defaultPrevented).toBe(true);
  });
});
