// Where a clip that plays is. It counts on by itself from the last time that it was told, by the clock of the window,
// and follows what the desk says of its sound: a small difference smoothly, a large one at once.

/** Off by more than this while it follows, it jumps. Milliseconds of the window's clock. */
const JUMP_MS = 120;
/** How long a small difference takes to go away. */
const SLEW_MS = 500;

export class PlayClock {
  /** How fast it goes: clip time by window time. Negative backwards, 0 while it waits. */
  rate = 0;
  private base = { ms: 0, us: 0 };
  private slew = 0;

  /** From this time of the clip, now. */
  start(us: number, ms: number, rate: number): void {
    this.base = { ms, us };
    this.rate = rate;
    this.slew = 0;
  }

  /** The time of the clip, microseconds. */
  at(ms: number): number {
    const gone = ms - this.base.ms;
    return this.base.us + gone * 1000 * this.rate + this.slew * Math.min(1, Math.max(0, gone) / SLEW_MS);
  }

  /** Goes on at another rate from where it is. */
  setRate(rate: number, ms: number): void {
    this.start(this.at(ms), ms, rate);
  }

  /** Hears where it is. `turn` is the length of the loop in which it goes round: there the end is near the beginning. */
  hear(us: number, rate: number, ms: number, turn: number | null = null): void {
    const mine = this.at(ms);
    let off = us - mine;
    if (turn !== null && turn > 0) off -= Math.round(off / turn) * turn;
    const follows = this.rate > 0 && Math.abs(off) <= JUMP_MS * 1000 * Math.min(this.rate, rate);
    this.start(follows ? mine : us, ms, rate);
    this.slew = follows ? off : 0;
  }
}
