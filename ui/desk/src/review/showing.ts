// The picture that came last, on its way to the glass: it waits for something to draw with, for a glass with a size and
// for what its colours mean. Only when it was really drawn does the state say so.

import { ToneTables } from "./colour";
import type { Tones } from "./frame-socket";
import { SQUARES_FROM, fitScale, placeOf } from "./geometry";
import type { Painter } from "./painter";
import type { Picture } from "./picture";
import type { ReviewState } from "./review-state.svelte";

export class Showing {
  /** Called after a picture was really drawn. */
  ondrawn: (picture: Picture) => void = () => undefined;
  private painter: Painter | null = null;
  private readonly tones = new ToneTables();
  private taken: Picture | null = null;
  private onGlass: Picture | null = null;
  /** Something is to be drawn. */
  private fresh = false;

  constructor(private readonly state: ReviewState) {}

  /** Gives the room something to draw with. */
  attach(painter: Painter | null): void {
    this.painter?.dispose();
    this.painter = painter;
    this.onGlass = null;
    this.draw();
  }

  learn(tones: Tones): void {
    this.tones.learn(tones);
  }

  take(picture: Picture): void {
    this.taken = picture;
    this.fresh = true;
  }

  /** The same picture is to be seen differently. */
  change(): void {
    this.fresh = true;
  }

  /** The frame that will be on the glass next, or is. */
  get next(): number | undefined {
    return this.fresh ? this.taken?.frame : this.state.drawn?.frame;
  }

  /** Draws what has come and was not drawn yet. */
  catchUp(): void {
    if (this.fresh) this.draw();
  }

  draw(): void {
    const { painter, taken, state } = this;
    if (!painter || !taken || state.glass.width === 0) return;
    const tones = this.tones.of(taken);
    // What its colours mean is not known yet; it is drawn when that has come.
    if (tones === undefined) return;
    const isNew = this.onGlass !== taken;
    if (isNew) painter.take(taken, tones);
    state.foresee(taken);
    const scale = fitScale(state.upright, state.glass) * state.view.zoom;
    const isFull = state.clip !== null && taken.width >= state.clip.width;
    painter.draw(placeOf(state.upright, state.glass, state.view), isFull && scale >= SQUARES_FROM);
    this.fresh = false;
    if (!isNew) return;
    this.onGlass = taken;
    const { frame, exact, hurt, generation, width, height } = taken;
    state.drawn = { frame, exact, hurt, generation, width, height };
    this.ondrawn(taken);
  }

  leave(): void {
    this.painter?.dispose();
    this.painter = null;
  }
}
