// Which frames of a clip can be shown while it still arrives.

/** First and last frame of a stretch that can be shown. */
export type Run = [first: number, last: number];

/** What lies between the runs, of so many frames; the runs are in order. */
export function gapsOf(runs: readonly Run[], frames: number): Run[] {
  const gaps: Run[] = [];
  let next = 0;
  for (const [first, last] of runs) {
    if (first > next) gaps.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  if (next < frames) gaps.push([next, frames - 1]);
  return gaps;
}

/** Whether a frame lies in one of the runs. */
export const isIn = (runs: readonly Run[], frame: number): boolean =>
  runs.some(([first, last]) => first <= frame && frame <= last);
