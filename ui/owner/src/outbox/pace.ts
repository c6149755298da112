// How fast bytes leave, so that a person hears how long it still takes.

interface Mark {
  at: number;
  sent: number;
}

/** Only the last seconds count: a phone walks in and out of reach. */
const WINDOW = 10_000;
/** A guess from less than this is not worth saying. */
const ENOUGH = 1_500;

export class Pace {
  private marks: Mark[] = [];

  /** Bytes that have left in all, at a time in milliseconds. */
  mark(sent: number, at: number): void {
    const last = this.marks[this.marks.length - 1];
    if (last && sent < last.sent) this.marks = [];
    this.marks.push({ at, sent });
    while (this.marks.length > 2 && at - (this.marks[1]?.at ?? at) > WINDOW) this.marks.shift();
  }

  /** Seconds until all of `total` has left, or null while that would be a guess. */
  secondsLeft(total: number): number | null {
    const first = this.marks[0];
    const last = this.marks[this.marks.length - 1];
    if (!first || !last || last.at - first.at < ENOUGH || last.sent <= first.sent) return null;
    const perSecond = ((last.sent - first.sent) * 1000) / (last.at - first.at);
    return (total - last.sent) / perSecond;
  }

  /** Forgets, for a new start. */
  reset(): void {
    this.marks = [];
  }
}
