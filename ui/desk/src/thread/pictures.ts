// Which address shows a picture of an attachment, if there is one at all.
//
// What a client sent never reaches the webview as it came: its poster is made by the server, or in the desk's decoder
// child. What staff sent was made or chosen on a computer of the practice and is shown as it is.

import type { Attachment, Author, StagedFile, ThreadMessage } from "@limpet/shared/gen/wire";
import type { Host } from "@limpet/shared/host/host";

/** What a webview shows by itself. A HEIC or a RAW is shown by its poster only. */
const SHOWABLE = new Set(["image/jpeg", "image/png", "image/webp", "image/gif"]);

type Shows = Pick<Host, "mediaUrl">;

/** A picture of the thread that can be looked at large, and where it is. */
export interface Picture {
  readonly of: Attachment;
  readonly source: string;
}

/** What was made of a clip or a picture to show it by. */
export const poster = (host: Shows, { id, state, has_poster }: Attachment): string | null =>
  has_poster && state.kind !== "refused" ? host.mediaUrl(id, "poster") : null;

/** A small picture of it; before the server has made one, what can be shown instead. */
export function thumbnail(host: Shows, picture: Attachment, author: Author): string | null {
  if (!canShow(picture)) return null;
  return poster(host, picture) ?? (author.kind === "staff" ? original(host, picture) : madeHere(host, picture));
}

/** The picture at its best: of staff's the original where a webview can show it. */
export function fullPicture(host: Shows, picture: Attachment, author: Author): string | null {
  if (!canShow(picture)) return null;
  return (author.kind === "staff" ? original(host, picture) : null) ?? thumbnail(host, picture, author);
}

/** Every picture of a thread that can be looked at large, in order. */
export const picturesOf = (host: Shows, messages: readonly ThreadMessage[]): Picture[] =>
  messages.flatMap(({ message, attachments }) =>
    attachments.flatMap((of) => {
      const source = fullPicture(host, of, message.author);
      return source === null ? [] : [{ of, source }];
    }),
  );

/** A file not yet sent: it lies in the encrypted store already. */
export const stagedPicture = (host: Shows, file: StagedFile): string | null => (isPicture(file) ? original(host, file) : null);

export const isPicture = ({ kind }: Pick<Attachment, "kind">): boolean => kind === "photo" || kind === "still";

const canShow = (picture: Attachment): boolean => isPicture(picture) && picture.state.kind !== "refused";

const original = (host: Shows, { id, mime }: Pick<Attachment, "id" | "mime">): string | null =>
  SHOWABLE.has(mime) ? host.mediaUrl(id, "original") : null;

/** The desk makes a poster itself, from an original that has arrived. */
const madeHere = (host: Shows, { id, state }: Attachment): string | null =>
  state.kind === "uploading" ? null : host.mediaUrl(id, "poster");
