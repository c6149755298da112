// What a clip is called above the review room: `Biscuit · 22 Nov 08:14 · 0:41`.

import type { Attachment, Millis } from "@limpet/shared/gen/wire";
import { length, shortMoment } from "@limpet/shared/parts/times";

/** By the time it was filmed; where the file does not say, by the time it was sent. */
export function titleOf(patient: string, clip: Attachment, sentAt: Millis, zone: string): string {
  const parts = [patient, shortMoment(clip.captured_at ?? sentAt, zone)];
  if (clip.clip) parts.push(length(clip.clip.duration));
  return parts.join(" · ");
}
