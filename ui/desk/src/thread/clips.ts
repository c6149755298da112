// What a clip is called above the review room, and from when on it can be reviewed.

import type { Attachment, Millis } from "@limpet/shared/gen/wire";
import { length, shortMoment } from "@limpet/shared/parts/times";

/** `Biscuit · 22 Nov 08:14 · 0:41`, by the time it was filmed; where the file does not say, by the time it was sent. */
export function titleOf(patient: string, clip: Attachment, sentAt: Millis, zone: string): string {
  const parts = [patient, shortMoment(clip.captured_at ?? sentAt, zone)];
  if (clip.clip) parts.push(length(clip.clip.duration));
  return parts.join(" · ");
}

/**
 * The room works on the original, and a hash means that the original is whole. Nobody has to wait for the copy that
 * is being made for browsers.
 */
export const canReview = ({ kind, state, sha256 }: Attachment): boolean =>
  kind === "clip" && (state.kind === "ready" || (state.kind === "processing" && sha256 !== null));
