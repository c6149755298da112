// Asks the decoder for the wanted frame: at once when somebody says so, and once more when the hand has rested for
// 150 ms and could have a better picture than the one on the glass. What the neighbours hold is not asked for.

import type { Neighbours } from "./neighbours";
import type { Picture } from "./picture";
import type { ReviewState } from "./review-state.svelte";
import type { Session } from "./session.svelte";

const REST_MS = 150;

export class Asking {
  private askedAt = 0;
  private restAt: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly state: ReviewState,
    private readonly session: Session,
    private readonly neighbours: Neighbours,
    /** Called when the hand rests on the best picture there is. */
    private readonly onrest: () => void,
  ) {}

  ask(how = { atRest: false, nearFirst: false }): void {
    this.askedAt = now();
    const wish = this.state.wish(how);
    const generation = this.session.show(wish);
    // What a hand at rest gets may be larger than what a step wants, and is not held.
    this.neighbours.expect(generation, how.atRest ? null : wish);
  }

  /** The wanted frame, where it is here already: then nothing is asked for. */
  have(): Picture | null {
    const wish = this.state.wish({ atRest: false, nearFirst: false });
    const picture = this.neighbours.of(wish);
    if (!picture) return null;
    const generation = this.session.see(wish);
    this.neighbours.expect(generation, wish);
    return { ...picture, generation: generation ?? picture.generation };
  }

  /** Says that the frame on the glass is looked at, whatever was on its way: so the decoder looks around it. */
  stay(): void {
    const wish = this.state.wish({ atRest: false, nearFirst: false });
    this.neighbours.expect(this.session.see(wish), wish);
  }

  /** How long ago that was, in milliseconds. */
  get since(): number {
    return now() - this.askedAt;
  }

  /** A hand did something: its rest begins now. */
  touched(): void {
    clearTimeout(this.restAt);
    this.restAt = setTimeout(() => this.rested(), REST_MS);
  }

  leave(): void {
    clearTimeout(this.restAt);
  }

  private rested(): void {
    if (this.state.playing || this.session.phase.kind !== "open") return;
    if (!this.state.couldBeBetter) this.onrest();
    else if (this.session.waiting) this.touched();
    else if (this.session.trouble === null) this.ask({ atRest: true, nearFirst: false });
  }
}

const now = () => performance.now();
