// Times of frames. A frame is shown from its own time to the next one's; nothing here divides by a frame rate,
// because phones film at a rate of their own choosing.

/** The frame on show at a time: the last one that has begun. Before the first, the first. */
export function frameAt(times: readonly number[], us: number): number {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((times[middle] ?? 0) <= us) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** When a frame gives way to the next, or when the clip ends. */
export const endOf = (times: readonly number[], frame: number, duration: number): number =>
  times[frame + 1] ?? Math.max(duration, (times[frame] ?? 0) + 1);

/** `m:ss.mmm`, and `h:mm:ss.mmm` from an hour on. */
export function clockOf(us: number): string {
  const all = Math.max(0, Math.round(us / 1000));
  const minutes = Math.floor(all / 60_000);
  const long = minutes >= 60 ? `${Math.floor(minutes / 60)}:${two(minutes % 60)}` : `${minutes}`;
  return `${long}:${two(Math.floor(all / 1000) % 60)}.${String(all % 1000).padStart(3, "0")}`;
}

const two = (value: number) => String(value).padStart(2, "0");

/** Milliseconds from the previous frame to this one; null for the first. */
export function sincePrevious(times: readonly number[], frame: number): number | null {
  const here = times[frame];
  const before = times[frame - 1];
  return here === undefined || before === undefined ? null : Math.round((here - before) / 1000);
}
