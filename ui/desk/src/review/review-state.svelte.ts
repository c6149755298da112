// What the person sees and wants in the review room: the frame on the glass, the frame asked for, playback, marks
// and the view. Knows no socket and draws nothing; everything is counted in frames of the clip's own index.

import type { ClipIndex } from "@limpet/shared/gen/wire";
import { gapsOf, type Run } from "./arrived";
import type { Wish } from "./frame-socket";
import { clamp, panBy, settle, uprightSize, usefulSize, WHOLE, zoomAt, type Point, type Size, type View } from "./geometry";
import { PlayClock } from "./play-clock";
import { endOf, frameAt, sincePrevious } from "./times";

/** What is on the glass. */
export interface Drawn {
  frame: number;
  exact: boolean;
  /** Whether the decoder had to make up a part of it. */
  hurt: boolean;
  generation: number;
  /** Size of the planes it was drawn from. */
  width: number;
  height: number;
}

type Shape = Parameters<typeof uprightSize>[0];
const SHAPELESS: Shape = { width: 0, height: 0, sar_num: 1, sar_den: 1, rotation: 0 };

/** Play rates without their direction. */
export const RATES = [0.1, 0.125, 0.25, 0.5, 1, 2, 4] as const;
/** How far one press of a zoom key goes. */
const ZOOM_STEP = 1.25;
const CLOSE_UP = 3;
const TOO_LARGE = 1.5;

export class ReviewState {
  clip = $state.raw<ClipIndex | null>(null);
  /** Which frames can be shown, while the clip still arrives; null once all can. */
  arrived = $state.raw<readonly Run[] | null>(null);
  /** The frame the person wants to see. */
  wanted = $state(0);
  drawn = $state.raw<Drawn | null>(null);
  playing = $state(false);
  backward = $state(false);
  rate = $state(1);
  view = $state.raw<View>(WHOLE);
  /** Device pixels. */
  glass = $state.raw<Size>({ width: 0, height: 0 });
  markA = $state<number | null>(null);
  markB = $state<number | null>(null);
  private readonly clock = new PlayClock();
  /** The sound leads: its clock says how fast it goes and when. */
  private led = false;
  private foreseen = $state.raw<Shape | null>(null);

  readonly frames = $derived(this.clip?.times.length ?? 0);
  readonly last = $derived(Math.max(0, this.frames - 1));
  /** Frames that are not here yet. */
  readonly gaps = $derived(this.arrived ? gapsOf(this.arrived, this.frames) : []);
  readonly upright = $derived<Size>(uprightSize(this.clip ?? this.foreseen ?? SHAPELESS));
  /** The frame on the glass, or the one that will be first. */
  readonly frame = $derived(this.drawn?.frame ?? this.wanted);
  /** Both marks are set, in order: first and last frame of the loop. */
  readonly loop = $derived(
    this.markA !== null && this.markB !== null
      ? { first: Math.min(this.markA, this.markB), last: Math.max(this.markA, this.markB) }
      : null,
  );
  /** Whether the picture on the glass is the one that is wanted. */
  readonly settled = $derived(this.drawn !== null && this.drawn.exact && this.drawn.frame === this.wanted);

  /**
   * A clip is open, or more of it is known. The frame wanted stays, so that a clip opened again shows the same one;
   * so do marks and view.
   */
  open(clip: ClipIndex, whole = true): void {
    const before = this.clip;
    this.clip = clip;
    this.arrived = whole ? null : (this.arrived ?? []);
    if (before) this.renumber(before.times, clip.times);
    this.wanted = clamp(this.wanted, 0, Math.max(0, clip.times.length - 1));
    this.look(this.view);
  }

  /** Which frames can be shown of a clip that still arrives. */
  arrive(runs: readonly Run[]): void {
    this.arrived = runs;
  }

  /** A picture has come before the clip is known: it is placed by its own shape until then. */
  foresee(picture: { width: number; height: number; rotation: number }): void {
    if (this.clip) return;
    const { width, height, rotation } = picture;
    this.foreseen = { ...SHAPELESS, width, height, rotation };
    this.look(this.view);
  }

  /**
   * Frames sent after one and shown before it move its number when they arrive. Its time stays, so frames are found
   * again by that; the picture on the glass counts as near until it has come with its new number.
   */
  private renumber(before: readonly number[], after: readonly number[]): void {
    const stays = (frame: number) => before[frame] === undefined || before[frame] === after[frame];
    const found = (frame: number) => (stays(frame) ? frame : frameAt(after, before[frame] ?? 0));
    const { drawn } = this;
    if (drawn && !stays(drawn.frame)) this.drawn = { ...drawn, frame: found(drawn.frame), exact: false };
    this.wanted = found(this.wanted);
    if (this.markA !== null) this.markA = found(this.markA);
    if (this.markB !== null) this.markB = found(this.markB);
  }

  timeOf(frame: number): number {
    return this.clip?.times[frame] ?? 0;
  }

  /** Milliseconds from the previous frame to this one; null for the first. */
  deltaOf(frame: number): number | null {
    return this.clip ? sincePrevious(this.clip.times, frame) : null;
  }

  /** The frame on show at a point of the timeline, 0 to 1. */
  frameAtShare(share: number): number {
    return this.clip ? frameAt(this.clip.times, clamp(share, 0, 1) * this.length) : 0;
  }

  /** Length of the timeline, microseconds. */
  get length(): number {
    return this.clip ? endOf(this.clip.times, this.last, this.clip.duration) : 0;
  }

  step(by: number): void {
    this.freeze();
    this.goTo(this.wanted + by);
  }

  goTo(frame: number): void {
    this.freeze();
    this.wanted = clamp(frame, 0, this.last);
  }

  /** Plays. Where the sound leads it waits for its first word, or for `alone`. */
  play(atMs: number, backward = false, led = false): void {
    if (this.frames < 2) return;
    const { first, last } = this.range();
    const outside = this.wanted < first || this.wanted > last;
    if (outside || this.isSpent(backward)) this.wanted = backward ? last : first;
    this.playing = true;
    this.backward = backward;
    this.goOn(atMs, led);
  }

  /** Whether nothing is left to play this way. */
  isSpent(backward: boolean): boolean {
    const { first, last } = this.range();
    return this.wanted === (backward ? first : last);
  }

  /** The sound says where it is. */
  follow(us: number, rate: number, nowMs: number): void {
    if (!this.playing || this.backward) return;
    this.led = true;
    this.clock.hear(us, rate, nowMs, this.loop ? this.span().end - this.span().begin : null);
  }

  /** Nobody leads any more: it goes on from where it is. */
  alone(nowMs: number): void {
    if (!this.playing || !this.led) return;
    this.led = false;
    this.clock.setRate(this.speed(), nowMs);
  }

  /** The clock goes on from the wanted frame, wherever it has come to. Where the sound leads it waits for its word. */
  goOn(nowMs: number, led = false): void {
    if (!this.playing) return;
    this.led = led;
    this.clock.start(this.timeOf(this.wanted), nowMs, led ? 0 : this.speed());
  }

  /** The sound is over: so is the clip. */
  finish(): void {
    if (!this.playing) return;
    this.playing = false;
    this.wanted = this.range().last;
  }

  /** Stops on the frame on the glass. */
  freeze(): void {
    if (!this.playing) return;
    this.playing = false;
    this.wanted = this.frame;
  }

  /**
   * Moves the clock: `wanted` becomes the frame due now or, where the sound leads, when it will be drawn. Stops at the
   * end, or goes round between the marks.
   */
  tick(nowMs: number, aheadMs = 0): void {
    const clip = this.clip;
    if (!clip || !this.playing) return;
    const { first, last } = this.range();
    const { begin, end } = this.span();
    let us = this.clock.at(this.led ? nowMs + aheadMs : nowMs);
    if (this.led && this.loop && us >= end) us = begin + ((us - begin) % (end - begin));
    if (us < end && (us >= begin || this.led)) {
      this.wanted = clamp(frameAt(clip.times, us), first, last);
    } else if (this.loop) {
      this.wanted = this.backward ? last : first;
      this.clock.start(this.backward ? end - 1 : begin, nowMs, this.speed());
    } else {
      this.wanted = this.backward ? first : last;
      this.playing = false;
    }
  }

  /** Slower (-1) or faster (+1) without a jump of the picture. */
  changeRate(by: -1 | 1, atMs: number): void {
    const at = RATES.findIndex((rate) => rate === this.rate);
    this.setRate(RATES[clamp(at + by, 0, RATES.length - 1)] ?? 1, atMs);
  }

  setRate(rate: number, atMs: number): void {
    this.rate = rate;
    if (!this.led) this.clock.setRate(this.speed(), atMs);
  }

  /** Sets a mark at the frame on the glass; a second time on the same frame takes it away. */
  mark(which: "a" | "b"): void {
    if (which === "a") this.markA = this.markA === this.frame ? null : this.frame;
    else this.markB = this.markB === this.frame ? null : this.frame;
  }

  clearMarks(): void {
    this.markA = this.markB = null;
  }

  look(view: View): void {
    this.view = settle(this.upright, this.glass, view);
  }

  resize(glass: Size): void {
    this.glass = glass;
    this.look(this.view);
  }

  /** Zooms around a point of the glass; around its middle without one. */
  zoom(factor: number, at: Point = this.middle()): void {
    this.view = zoomAt(this.upright, this.glass, this.view, factor, at);
  }

  zoomStep(by: -1 | 1): void {
    this.zoom(by > 0 ? ZOOM_STEP : 1 / ZOOM_STEP);
  }

  /** Between the whole picture and a close-up of the point. */
  toggleCloseUp(at: Point): void {
    if (this.view.zoom > 1) this.look(WHOLE);
    else this.zoom(CLOSE_UP, at);
  }

  pan(dx: number, dy: number): void {
    this.view = panBy(this.upright, this.glass, this.view, dx, dy);
  }

  private middle(): Point {
    return { x: this.glass.width / 2, y: this.glass.height / 2 };
  }

  private range() {
    return this.loop ?? { first: 0, last: this.last };
  }

  /** First time and end of what is played. */
  span(): { begin: number; end: number } {
    const { first, last } = this.range();
    return { begin: this.timeOf(first), end: this.clip ? endOf(this.clip.times, last, this.clip.duration) : 0 };
  }

  private speed(): number {
    return this.backward ? -this.rate : this.rate;
  }

  /**
   * The wish for the wanted frame. A moving hand gets the size of the whole picture on the glass, which is what the
   * decoder keeps; a hand at rest gets every pixel that the zoom can show.
   */
  wish(how: { atRest: boolean; nearFirst: boolean }): Wish {
    const size = this.clip ? usefulSize(this.clip, this.glass, how.atRest ? this.view.zoom : 1) : { width: 0, height: 0 };
    const whole = how.atRest && this.view.zoom > 1 ? { width: 0, height: 0 } : size;
    return { frame: this.wanted, maxWidth: whole.width, maxHeight: whole.height, nearFirst: how.nearFirst };
  }

  /** Whether a hand at rest deserves a better picture than the one on the glass. */
  get couldBeBetter(): boolean {
    if (!this.clip || !this.drawn || !this.settled) return true;
    const wish = this.wish({ atRest: true, nearFirst: false });
    const most = { width: wish.maxWidth || this.clip.width, height: wish.maxHeight || this.clip.height };
    // One pixel of slack: the decoder may round a scaled size down to an even one.
    const tooSmall = this.drawn.width < most.width - 1 || this.drawn.height < most.height - 1;
    // Far too many pixels flicker when the graphics card makes them fit; the decoder scales better.
    return tooSmall || this.drawn.width > most.width * TOO_LARGE;
  }
}
