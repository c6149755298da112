// The line to the decoder child: wishes go out, pictures come in, and the line mends itself.
//
// - Every wish is sent at once. The child keeps only the newest, so holding wishes back until the last one is
//   answered would save nothing and would make a hand wait for a long exact seek that nobody wants any more.
//   Playback, which must not starve its own pictures, asks `waiting` first.
// - A picture that the window holds is shown without asking: the child hears where the eye is, and answers nothing. One
//   that is brought ahead answers nothing either; it is of use as long as its wish is the newest.
// - Pictures are handed on in the order of their generations: never an older one after a newer one, never a near
//   one after the exact one that answers the same wish.
// - A 250 ms watchdog looks at the line. It connects again when the line is cut, or when a wish is unanswered and
//   the child has been silent for longer than an honest seek takes; the newest unanswered wish is sent again. Where
//   bytes of the clip have to arrive first the child may be silent for as long as it likes: that it died is seen by
//   its line, which closes. Where the next line was of no use either, whoever opened the clip is asked to look whether
//   the child lives; this line goes on trying meanwhile.

import type { ClipIndex, Failure, FrameEvent, FrameRequest } from "@limpet/shared/gen/wire";
import type { Run } from "./arrived";
import { readPicture, type Picture } from "./picture";

/** What to show. A size of 0 means full resolution. */
export interface Wish {
  frame: number;
  maxWidth: number;
  maxHeight: number;
  nearFirst: boolean;
}

/** What the colours of a clip mean on an ordinary screen. */
export type Tones = Omit<Extract<FrameEvent, { kind: "tones" }>, "kind">;

export interface Hears {
  /** The clip is known; comes again whenever more is known of one that still arrives. */
  ready(clip: ClipIndex, whole: boolean): void;
  /** Which frames of it can be shown. */
  arrived(runs: Run[]): void;
  tones(tones: Tones): void;
  /** One of generation 0 can come before the clip is known. */
  picture(picture: Picture): void;
  /** One that was to be brought ahead. */
  brought(picture: Picture): void;
  /** The bytes of the newest wish have not arrived. Its picture follows by itself. */
  bytesMissing(): void;
  failed(failure: Failure): void;
  /** The clip cannot be opened at all. Nothing follows. */
  refused(failure: Failure): void;
  /** Two lines in a row were of no use: perhaps the child died. Once, until one is. */
  doubted(): void;
  /** The child does not come back on this address. Nothing follows. */
  lost(): void;
}

/** The part of WebSocket that is used. */
export type Line = Pick<
  WebSocket,
  "readyState" | "binaryType" | "send" | "close" | "onopen" | "onmessage" | "onclose" | "onerror"
>;

const LOOK_EVERY_MS = 250;
const CONNECT_WITHIN_MS = 3000;
/** Longer than an exact seek in 4K on a slow machine; doubles each time it turns out to be too short. */
const SILENCE_MS = 5000;
const LONGEST_SILENCE_MS = 40_000;
const FIRST_RETRY_MS = 250;
const RETRIES = 4;
const DOUBT_AFTER = 2;
const OPEN = 1;

export class FrameSocket {
  private line: Line | null = null;
  private isReady = false;
  private asked: number;
  private floor: number;
  private unanswered: { generation: number; wish: Wish; bytesMissing: boolean } | null = null;
  private shown: { generation: number; exact: boolean } | null = null;
  private quietSince = 0;
  /** It was asked for something, and nothing has come since: also where what was asked for is wanted no more. */
  private owes = false;
  /** When the window last showed something by itself. */
  private seenAt = 0;
  private silence = SILENCE_MS;
  private tries = 0;
  private retryAt = 0;
  private readonly watchdog: ReturnType<typeof setInterval>;

  /** `after` is the last generation used on an earlier line, so that generations only ever grow. */
  constructor(
    private readonly address: string,
    private readonly hears: Hears,
    after = 0,
    private readonly dial: (address: string) => Line = (to) => new WebSocket(to),
  ) {
    this.asked = after;
    this.floor = after;
    this.connect();
    this.watchdog = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  /** The newest generation. */
  get generation(): number {
    return this.asked;
  }

  /** Whether the newest wish has not been answered yet. */
  get waiting(): boolean {
    return this.unanswered !== null;
  }

  /** Asks for a picture; from now on nothing else is wanted. Answers the wish's generation. */
  show(wish: Wish): number {
    const generation = ++this.asked;
    // What was overwritten is answered by nothing: it is owed for as long as an answer might have taken.
    const owed = this.owes && now() - this.seenAt < this.silence;
    if ((!this.unanswered || this.unanswered.bytesMissing) && !owed) this.quietSince = now();
    this.owes = true;
    this.unanswered = { generation, wish, bytesMissing: false };
    this.send();
    return generation;
  }

  /** Says what is shown now without having been asked for. Answers the wish's generation. */
  see(wish: Wish): number {
    const generation = ++this.asked;
    this.unanswered = null;
    this.seenAt = now();
    this.shown = { generation, exact: true };
    this.say({ kind: "see", generation, ...placed(wish) });
    return generation;
  }

  /** Asks for a picture ahead of its being wanted, unless another one is wanted now. */
  bring(wish: Wish): void {
    if (!this.unanswered) this.say({ kind: "bring", generation: this.asked, ...placed(wish) });
  }

  /** Drops whatever is still on its way: the picture on the glass stays. */
  forget(): void {
    this.floor = this.asked + 1;
    this.unanswered = null;
  }

  close(): void {
    clearInterval(this.watchdog);
    this.drop();
    this.unanswered = null;
  }

  private connect(): void {
    this.drop();
    this.quietSince = now();
    const line = this.dial(this.address);
    line.binaryType = "arraybuffer";
    line.onmessage = (event: MessageEvent) => {
      if (line !== this.line) return;
      this.quietSince = now();
      this.owes = false;
      if (typeof event.data === "string") this.hear(event.data);
      else this.receive(event.data as ArrayBuffer);
    };
    line.onclose = () => {
      if (line === this.line) this.cut();
    };
    this.line = line;
  }

  /** Lets go of the line without hearing any more from it. */
  private drop(): void {
    const line = this.line;
    this.line = null;
    this.isReady = false;
    if (!line) return;
    line.onmessage = line.onclose = line.onerror = line.onopen = null;
    line.close();
  }

  private send(): void {
    if (!this.unanswered) return;
    const { generation, wish } = this.unanswered;
    this.say({ kind: "show", generation, ...placed(wish), near_first: wish.nearFirst });
  }

  private say(request: FrameRequest): void {
    if (this.isReady && this.line?.readyState === OPEN) this.line.send(JSON.stringify(request));
  }

  private hear(text: string): void {
    const event = JSON.parse(text) as FrameEvent;
    switch (event.kind) {
      case "ready":
        return this.learn(event.clip, event.whole);
      case "arrived":
        return this.hears.arrived(event.runs);
      case "tones":
        return this.hears.tones(event);
      case "waiting":
        if (event.generation !== this.unanswered?.generation) return;
        this.tries = 0;
        this.unanswered.bytesMissing = true;
        return this.hears.bytesMissing();
      case "failed":
        return this.fail(event.generation, event.failure);
    }
  }

  private learn(clip: ClipIndex, whole: boolean): void {
    const first = !this.isReady;
    this.isReady = true;
    // A child that is asked for something has to answer that: it may hang and be ready all the same.
    if (!this.unanswered) this.tries = 0;
    // With more of the clip known, the child looks again at what it could not answer.
    if (this.unanswered) this.unanswered.bytesMissing = false;
    if (first) this.send();
    this.hears.ready(clip, whole);
  }

  private fail(generation: number, failure: Failure): void {
    if (generation === 0 && !this.isReady) {
      this.close();
      this.hears.refused(failure);
    } else if (generation === 0) {
      // The rest of the clip could not be read; what is asked of the part that is here is answered all the same.
      this.hears.failed(failure);
    } else if (generation === this.unanswered?.generation) {
      // A failure of a wish that was overwritten concerns nobody.
      this.unanswered = null;
      this.hears.failed(failure);
    }
  }

  private receive(message: ArrayBuffer): void {
    const picture = readPicture(message);
    if (!picture) return;
    this.tries = 0;
    const { generation, exact } = picture;
    if (picture.ahead) {
      if (generation >= this.floor && generation === this.asked) this.hears.brought(picture);
      return;
    }
    if (this.unanswered && exact && generation >= this.unanswered.generation) {
      this.unanswered = null;
      this.silence = SILENCE_MS;
    }
    if (generation < this.floor || generation > this.asked) return;
    if (this.shown && generation < this.shown.generation) return;
    if (this.shown?.generation === generation && this.shown.exact && !exact) return;
    this.shown = { generation, exact };
    this.hears.picture(picture);
  }

  private cut(): void {
    this.drop();
    this.tries += 1;
    this.retryAt = now() + FIRST_RETRY_MS * 2 ** (this.tries - 1);
    if (this.tries === DOUBT_AFTER) this.hears.doubted();
  }

  private look(): void {
    if (!this.line) {
      if (this.tries > RETRIES) {
        this.close();
        this.hears.lost();
      } else if (now() >= this.retryAt) this.connect();
      return;
    }
    const silent = now() - this.quietSince;
    if (!this.isReady) {
      // Once the line is open, a clip of which too little has arrived may take minutes to become known.
      if (this.line.readyState !== OPEN && silent > CONNECT_WITHIN_MS) this.cut();
    } else if (this.unanswered && !this.unanswered.bytesMissing && silent > this.silence) {
      this.silence = Math.min(this.silence * 2, LONGEST_SILENCE_MS);
      this.cut();
    }
  }
}

const placed = ({ frame, maxWidth, maxHeight }: Wish) => ({ frame, max_width: maxWidth, max_height: maxHeight });

const now = () => performance.now();
