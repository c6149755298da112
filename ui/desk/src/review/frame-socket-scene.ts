// For tests of the frame socket: a socket whose lines end at the test, and notes of everything it says.

import type { ClipIndex } from "@limpet/shared/gen/wire";
import { vi } from "vitest";
import type { Run } from "./arrived";
import { FrameSocket, type Tones, type Wish } from "./frame-socket";
import type { Picture } from "./picture";
import { FakeLine } from "./testing";

export const wish = (frame: number, nearFirst = false): Wish => ({ frame, maxWidth: 640, maxHeight: 360, nearFirst });

export class SocketScene {
  readonly lines: FakeLine[] = [];
  readonly ready: ClipIndex[] = [];
  readonly failures: string[] = [];
  readonly refusals: string[] = [];
  readonly said: unknown[] = [];
  lost = 0;
  doubts = 0;
  socket: FrameSocket;
  private readonly pictures: Picture[] = [];

  /** Stops the clock of the window; `end` starts it again. */
  constructor() {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    this.socket = this.open();
  }

  /** Opens another socket; `after` is the last generation of an earlier one. */
  open(after = 0): FrameSocket {
    const hears = {
      ready: (clip: ClipIndex, whole: boolean) => {
        this.ready.push(clip);
        this.said.push(whole ? "whole" : "partly");
      },
      arrived: (runs: Run[]) => this.said.push(runs),
      tones: ({ transfer, primaries, table }: Tones) => this.said.push([transfer, primaries, table]),
      picture: (picture: Picture) => this.pictures.push(picture),
      brought: ({ frame }: Picture) => this.said.push(`brought ${frame}`),
      bytesMissing: () => this.said.push("bytes missing"),
      failed: (failure: { message: string }) => this.failures.push(failure.message),
      refused: (failure: { message: string }) => this.refusals.push(failure.message),
      doubted: () => (this.doubts += 1),
      lost: () => (this.lost += 1),
    };
    this.socket = new FrameSocket("ws://127.0.0.1:1/?token=t", hears, after, (address) => {
      this.lines.push(new FakeLine(address));
      return this.line;
    });
    return this.socket;
  }

  get line(): FakeLine {
    return this.lines.at(-1)!;
  }

  /** Generations of the pictures that were handed on; those that were not exact with a `~`. */
  get shown(): string[] {
    return this.pictures.map(({ generation, exact }) => `${generation}${exact ? "" : "~"}`);
  }

  pass(ms: number): void {
    vi.advanceTimersByTime(ms);
  }

  end(): void {
    this.socket.close();
    vi.useRealTimers();
  }
}
