// Addresses of what can be looked at.

import type { AttachmentId } from "@limpet/shared/gen/wire";
import type { File } from "./rows";
import { w } from "./words";

/** A picture shown large. */
export interface Picture {
  id: AttachmentId;
  says: string;
}

/** Where the server serves an attachment. */
export const mediaUrl = (id: AttachmentId, which: "original" | "rendition" | "poster"): string =>
  `/v1/attachments/${id}/${which}`;

/** What a file is called to somebody who does not see it. */
export function says(file: File): string {
  const what = w().kind({ kind: file.kind });
  const label = file.caption || (file.kind === "still" ? "" : file.name);
  return label ? `${what}: ${label}` : what;
}
