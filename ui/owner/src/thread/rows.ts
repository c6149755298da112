// What the thread shows, from the feed's view and the outbox: decided here, drawn elsewhere.
//
// Must always be true: every message stands in the thread exactly once, whether the server has it or not; a message
// whose files are still leaving stands at the end, where it is looked at, until the last of them has arrived.

import type { Attachment, AttachmentKind, Message, MessageId, Millis, Role } from "@limpet/shared/gen/wire";
import type { View } from "../feed/things";
import type { Entry, Piece } from "../outbox/outbox";

/** How far a file has come, for the person who looks at it. */
export type Showing = "leaving" | "elsewhere" | "preparing" | "ready" | "refused" | "lost" | "withdrawn";

export interface File {
  id: string;
  kind: AttachmentKind;
  name: string;
  bytes: number;
  caption: string;
  showing: Showing;
  /** With `refused`: why, in the server's words. */
  reason: string;
  /** Whether this device still holds it. */
  here: boolean;
  /** Bytes the server has. */
  received: number;
  attachment: Attachment | null;
}

export type Delivery = "waiting" | "sent" | "seen" | "refused" | "none";

export interface Words {
  is: "words";
  key: MessageId;
  by: "me" | "practice" | "system";
  /** The staff member's name and role; empty for others. */
  name: string;
  role: Role | null;
  body: string;
  /** Whether its author gave it new words, or took it back: then it has none. */
  changed: "never" | "edited" | "deleted";
  files: File[];
  at: Millis;
  delivery: Delivery;
  /** With `refused`: why. */
  reason: string;
}

export type Row = { is: "day"; key: string; at: Millis } | Words;

export interface Thread {
  rows: Row[];
  /** Messages whose files are leaving, in order. */
  leaving: Words[];
}

/** Whether a person has to do something about it. */
export const needsSomebody = ({ delivery, files }: Words): boolean =>
  delivery === "refused" || files.some(({ showing }) => showing === "refused" || showing === "lost");

const leaves = (entry: Entry): boolean => !entry.refused && entry.pieces.some((piece) => piece.state === "waiting");

/** The thread of one conversation. */
export function threadOf(view: View, entries: readonly Entry[], conversation: string): Thread {
  const mine = entries.filter((entry) => entry.conversation === conversation);
  const byId = new Map(mine.map((entry) => [entry.id, entry]));
  const messages = view.messages.get(conversation) ?? [];
  const readByStaff = view.conversations.find(({ id }) => id === conversation)?.read_by_staff ?? 0;
  const known = new Set(messages.map((message) => message.id));

  const said = messages
    .filter((message) => !leaves(byId.get(message.id) ?? nothing))
    .map((message) => fromServer(view, message, byId.get(message.id), readByStaff));
  const here = mine.filter((entry) => !known.has(entry.id) && !leaves(entry)).map((entry) => fromHere(view, entry));
  const leaving = mine.filter(leaves).map((entry) => fromHere(view, entry));
  return { rows: withDays([...said, ...here]), leaving };
}

const nothing = { refused: null, pieces: [] as Piece[] } as unknown as Entry;

function fromServer(view: View, message: Message, entry: Entry | undefined, readByStaff: Millis): Words {
  const staff = message.author.kind === "staff" ? view.staff.get(message.author.id) : undefined;
  const by = message.author.kind === "client" ? "me" : message.author.kind === "staff" ? "practice" : "system";
  const files = message.attachments.flatMap((id): File[] => {
    const attachment = view.attachments.get(id);
    const piece = entry?.pieces.find((one) => one.id === id);
    if (attachment || piece) return [fileOf(view, attachment ?? null, piece ?? null)];
    // Cancelled, here or on another phone. Otherwise its page of the feed is still on its way.
    return view.gone.has(id) ? [gone(id)] : [];
  });
  return {
    is: "words",
    key: message.id,
    by,
    name: staff?.name ?? "",
    role: staff?.role ?? null,
    body: message.body,
    changed: message.deleted_at !== null ? "deleted" : message.edited_at !== null ? "edited" : "never",
    files,
    at: by === "me" ? message.sent_at : message.received_at,
    delivery: by !== "me" ? "none" : readByStaff >= message.received_at ? "seen" : "sent",
    reason: "",
  };
}

function fromHere(view: View, entry: Entry): Words {
  return {
    is: "words",
    key: entry.id,
    by: "me",
    name: "",
    role: null,
    body: entry.body,
    changed: "never",
    files: entry.pieces.map((piece) => fileOf(view, view.attachments.get(piece.id) ?? null, piece)),
    at: entry.sent_at,
    delivery: entry.refused ? "refused" : entry.announced ? "sent" : "waiting",
    reason: entry.refused?.message ?? "",
  };
}

function fileOf(view: View, attachment: Attachment | null, piece: Piece | null): File {
  const from = attachment ?? piece;
  const state = attachment?.state;
  const withdrawn = view.gone.has(from?.id ?? "");
  return {
    id: from?.id ?? "",
    kind: from?.kind ?? "document",
    name: from?.name ?? "",
    bytes: from?.bytes ?? 0,
    caption: attachment?.caption ?? "",
    showing: withdrawn ? "withdrawn" : showing(attachment, piece),
    reason: piece?.state === "refused" ? piece.reason : state?.kind === "refused" ? state.reason : "",
    here: piece !== null && piece.state !== "withdrawn" && piece.state !== "lost",
    received: state?.kind === "uploading" ? state.received : 0,
    attachment,
  };
}

function showing(attachment: Attachment | null, piece: Piece | null): Showing {
  // What happened here is newer than what the feed has said so far.
  if (piece?.state === "withdrawing") return "withdrawn";
  if (piece?.state === "withdrawn" && attachment?.state.kind !== "refused") return "withdrawn";
  if (piece?.state === "lost" || piece?.state === "refused") return piece.state;
  switch (attachment?.state.kind) {
    case "ready":
      return "ready";
    case "refused":
      if (attachment.uploaded_at !== null) return "refused";
      // Cancelled, or not finished in time: nobody looked at it and found it bad. From here it goes again.
      return piece?.state === "waiting" ? "leaving" : "withdrawn";
    case "processing":
      return "preparing";
    default:
      if (piece?.state === "arrived") return "preparing";
      return piece ? "leaving" : "elsewhere";
  }
}

const gone = (id: string): File => ({
  id,
  kind: "document",
  name: "",
  bytes: 0,
  caption: "",
  showing: "withdrawn",
  reason: "",
  here: false,
  received: 0,
  attachment: null,
});

function withDays(words: Words[]): Row[] {
  const rows: Row[] = [];
  let day = "";
  for (const one of words) {
    const date = new Date(one.at).toDateString();
    if (date !== day) rows.push({ is: "day", key: `day ${date}${one.key}`, at: one.at });
    day = date;
    rows.push(one);
  }
  return rows;
}
