// The frames next to the eye, exact and as large as a step wants them: kept when they were on the glass, brought ahead
// otherwise. A step to one of them is drawn at once, and the decoder only hears of it.
//
// Frames are known by their numbers here: whoever counts anew forgets them all.

import { isIn } from "./arrived";
import type { Wish } from "./frame-socket";
import type { Picture } from "./picture";
import type { ReviewState } from "./review-state.svelte";
import type { Session } from "./session.svelte";

export class Neighbours {
  private readonly held = new Map<number, Picture>();
  /** Size of the wishes that they are for. */
  private size = "";
  private eye = 0;
  /** Where the eye went last: to later frames, 1, or to earlier ones, -1. */
  private heading = 1;
  /** The newest wish, unless it is that of a hand at rest. */
  private asked: { generation: number | null; wish: Wish } | null = null;
  /** Something was wanted since frames are counted as they are. */
  private begun = false;
  /** What is being brought. */
  private coming: Wish | null = null;

  constructor(
    private readonly state: ReviewState,
    private readonly session: Session,
  ) {}

  /** The frame of a wish, at its size. */
  of(wish: Wish): Picture | null {
    return sizeOf(wish) === this.size ? (this.held.get(wish.frame) ?? null) : null;
  }

  /** From now on this is asked for, and nothing is brought any more; null for the wish of a hand at rest. */
  expect(generation: number | null, wish: Wish | null): void {
    this.asked = wish && { generation, wish };
    this.coming = null;
    this.begun = true;
    if (!wish || wish.frame === this.eye) return;
    this.heading = wish.frame > this.eye ? 1 : -1;
    this.eye = wish.frame;
    for (const frame of this.held.keys()) if (Math.abs(frame - this.eye) > 1) this.held.delete(frame);
  }

  /** A picture has come; what answers the newest wish is kept. */
  keep(picture: Picture): void {
    if (picture.exact && picture.generation === this.asked?.generation) this.hold(picture, this.asked.wish);
  }

  /** What was to be brought has come. */
  take(picture: Picture): void {
    if (this.coming?.frame !== picture.frame) return;
    this.hold(picture, this.coming);
    this.coming = null;
    this.fetch();
  }

  /** Has the next one brought, unless a picture is still on its way: the one where the eye is going first. */
  fetch(): void {
    const { state, session, coming } = this;
    if (!this.begun || coming || state.playing || session.waiting) return;
    const wish = state.wish({ atRest: false, nearFirst: false });
    const isHere = (frame: number) => state.arrived === null || isIn(state.arrived, frame);
    const frame = [wish.frame + this.heading, wish.frame - this.heading].find(
      (frame) => frame >= 0 && frame <= state.last && isHere(frame) && !this.of({ ...wish, frame }),
    );
    if (frame === undefined) return;
    this.coming = { ...wish, frame };
    session.bring(this.coming);
  }

  forget(): void {
    this.held.clear();
    this.begun = false;
    this.asked = this.coming = null;
  }

  private hold(picture: Picture, wish: Wish): void {
    if (this.size !== sizeOf(wish)) this.held.clear();
    this.size = sizeOf(wish);
    this.held.set(picture.frame, picture);
  }
}

const sizeOf = ({ maxWidth, maxHeight }: Wish) => `${maxWidth}x${maxHeight}`;
