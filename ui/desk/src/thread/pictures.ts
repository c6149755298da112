// Which address shows a picture of an attachment, if there is one at all.

import type { Attachment, StagedFile } from "@limpet/shared/gen/wire";
import type { Host } from "@limpet/shared/host/host";

/** What a webview shows by itself. A HEIC or a RAW is shown by its poster only. */
const SHOWABLE = new Set(["image/jpeg", "image/png", "image/webp", "image/gif"]);

type Shows = Pick<Host, "mediaUrl">;

/** A small picture of it: its poster; before the server has made one, the picture itself. */
export function thumbnail(host: Shows, attachment: Attachment): string | null {
  if (attachment.state.kind === "refused") return null;
  if (attachment.has_poster) return host.mediaUrl(attachment.id, "poster");
  return isPicture(attachment) && SHOWABLE.has(attachment.mime) ? host.mediaUrl(attachment.id, "original") : null;
}

/** The picture at its best: the original where a webview can show it. */
export function fullPicture(host: Shows, attachment: Attachment): string | null {
  if (!isPicture(attachment)) return null;
  return SHOWABLE.has(attachment.mime) ? host.mediaUrl(attachment.id, "original") : thumbnail(host, attachment);
}

/** A file not yet sent: it lies in the encrypted store already. */
export const stagedPicture = (host: Shows, file: StagedFile): string | null =>
  (file.kind === "photo" || file.kind === "still") && SHOWABLE.has(file.mime) ? host.mediaUrl(file.id, "original") : null;

export const isPicture = ({ kind }: Pick<Attachment, "kind">): boolean => kind === "photo" || kind === "still";
