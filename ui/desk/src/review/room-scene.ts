// For tests of the room: a room at a desk that answers what the test says, at the end of lines on which the test is the
// decoder child, with a painter that only takes notes.

import type { Calls, ClipIndex, DeskEvent, StagedFile } from "@limpet/shared/gen/wire";
import { vi } from "vitest";
import type { Rect } from "./geometry";
import type { Painter } from "./painter";
import type { Picture } from "./picture";
import { Room } from "./room.svelte";
import type { Desk } from "./session.svelte";
import { FakeLine, phoneClip } from "./testing";

export const CLIP = "0190-clip";
const BEAT_MS = 16;

export const still = (id: string): StagedFile => ({
  id,
  kind: "still",
  name: "still.png",
  mime: "image/png",
  bytes: 9,
  caption: "",
  still_of: { clip: CLIP, frame: 0, at: 0 },
});

export class Scene {
  readonly lines: FakeLine[] = [];
  readonly calls: [string, unknown][] = [];
  answers: Partial<Record<keyof Calls, (args: never) => unknown>> = {
    open_review: () => ({ clip: { id: CLIP, bytes: 50 }, socket: this.address }),
    close_review: () => null,
    open_conversation: () => ({ draft: { files: [still("a"), { ...still("b"), kind: "photo" }] } }),
    capture_still: () => still("c"),
  };
  readonly drawn: number[] = [];
  readonly places: Rect[] = [];
  /** The first level of the table that each picture was taken with. */
  readonly levels: (number | null | undefined)[] = [];
  readonly room: Room;
  /** Which decoder child it is. */
  private child = 1;
  private ears: ((event: DeskEvent) => void)[] = [];

  /** Stops the clock of the window; `end` starts it again. */
  constructor() {
    vi.useFakeTimers();
    const desk: Desk = {
      call: async (name, args) => {
        this.calls.push([name, args]);
        const answer = this.answers[name];
        if (!answer) throw { code: "internal", message: `No ${name} here.` };
        return (await answer(args as never)) as never;
      },
      host: async () => ({
        listen: (heard) => {
          this.ears.push(heard);
          return () => (this.ears = this.ears.filter((ear) => ear !== heard));
        },
        mediaUrl: () => "",
      }),
    };
    this.room = new Room(CLIP, "0190-talk", desk, (address) => {
      const line = new FakeLine(address);
      this.lines.push(line);
      // Nobody is where a child was that has died.
      if (address !== this.address) queueMicrotask(() => line.cut());
      return line;
    });
  }

  readonly painter: Painter = {
    take: (picture, tones) => {
      this.drawn.push(picture.frame);
      this.levels.push(tones && tones[0]);
    },
    draw: (place) => this.places.push(place),
    dispose: () => undefined,
  };

  /** Of the child that lives. */
  get address(): string {
    return `ws://127.0.0.1:${this.child}/`;
  }

  get line(): FakeLine {
    return this.lines.at(-1)!;
  }

  get names(): string[] {
    return this.calls.map(([name]) => name);
  }

  /** What every `name` was called with. */
  made(name: string): unknown[] {
    return this.calls.filter(([called]) => called === name).map(([, args]) => args);
  }

  tell(event: DeskEvent): void {
    this.ears.forEach((heard) => heard(event));
  }

  /** Lets promises settle and, with them, an animation frame pass. */
  beat(ms = BEAT_MS) {
    return vi.advanceTimersByTimeAsync(ms);
  }

  /** Answers the newest wish exactly, at the size that was asked for. */
  async answer(some: Partial<Picture> = {}): Promise<void> {
    const wish = this.line.last!;
    const size = { width: wish.max_width || 1920, height: wish.max_height || 1080 };
    this.line.picture({ generation: wish.generation, frame: wish.frame, ...size, ...some });
    await this.beat();
  }

  /** Goes in and waits for the first frame. */
  async enter(clip: ClipIndex = phoneClip(12)): Promise<void> {
    this.room.attach(this.painter);
    this.room.resize({ width: 1440, height: 700 });
    this.room.enter();
    await this.beat();
    this.line.accept(clip);
    await this.answer();
  }

  /** The decoder dies; passes the time until the room has noticed. */
  async die(): Promise<void> {
    const lines = this.lines.length;
    this.child += 1;
    this.line.cut();
    const isNoticed = () => this.room.session.phase.kind === "failed" || this.lines.slice(lines).some(({ address }) => address === this.address);
    for (let ms = 0; ms < 10_000 && !isNoticed(); ms += BEAT_MS) await this.beat();
  }

  end(): void {
    this.room.leave();
    vi.useRealTimers();
  }
}
