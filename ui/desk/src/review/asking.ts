// Asks the decoder for the wanted frame: at once when somebody says so, and once more when the hand has rested for
// 150 ms and could have a better picture than the one on the glass.

import type { ReviewState } from "./review-state.svelte";
import type { Session } from "./session.svelte";

const REST_MS = 150;

export class Asking {
  private askedAt = 0;
  private restAt: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly state: ReviewState,
    private readonly session: Session,
  ) {}

  ask(how = { atRest: false, nearFirst: false }): void {
    this.askedAt = now();
    this.session.show(this.state.wish(how));
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
    if (this.state.playing || this.session.phase.kind !== "open" || !this.state.couldBeBetter) return;
    if (this.session.waiting) this.touched();
    else if (this.session.trouble === null) this.ask({ atRest: true, nearFirst: false });
  }
}

const now = () => performance.now();
