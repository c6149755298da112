// What waits to be sent and what to do next, decided without doing anything.
//
// Must always be true: a message is announced before its bytes; messages of one conversation are announced in the
// order they were written; whatever is announced again carries the same id and the same content, so that the
// server can tell a repetition; nothing leaves the list before the server's own copy has been seen.

import type {
  AttachmentId,
  AttachmentKind,
  ConversationId,
  Failure,
  MessageId,
  Millis,
  NewMessage,
} from "@limpet/shared/gen/wire";

/** How far a file has come. `withdrawing` was cancelled here and the server has to hear of it. */
export type PieceState = "waiting" | "arrived" | "withdrawing" | "withdrawn" | "lost" | "refused";

/** A file that goes with a message. */
export interface Piece {
  id: AttachmentId;
  kind: AttachmentKind;
  name: string;
  mime: string;
  bytes: number;
  captured_at: Millis | null;
  state: PieceState;
  /** Whether an upload was ever begun: then the server is asked how much it has. */
  begun: boolean;
  /** With `refused`: the server's sentence. */
  reason: string;
}

/** A message on its way. */
export interface Entry {
  id: MessageId;
  conversation: ConversationId;
  /** Place in the order of writing. */
  seq: number;
  body: string;
  sent_at: Millis;
  pieces: Piece[];
  /** Whether the server may have heard of it; once true it is never dropped without asking. */
  touched: boolean;
  /** Whether the server has it. */
  announced: boolean;
  /** Set when the server said no; a person has to act. */
  refused: Failure | null;
  /** Attempts in a row that did not succeed. */
  tries: number;
  /** Not before this time. */
  not_before: Millis;
  /** When a person was first shown here that it needs them; 0 for not yet. */
  shown_at: Millis;
}

export type Step =
  | { do: "announce"; entry: Entry }
  | { do: "withdraw"; entry: Entry; piece: Piece }
  | { do: "upload"; entry: Entry; piece: Piece }
  | { do: "wait"; until: Millis | null };

/** Words and bytes travel in two lanes, so that an answer does not wait behind a long clip. */
export type Lane = "words" | "bytes";

/** What to do next in a lane. `until: null` means: nothing, until something changes. */
export function next(entries: readonly Entry[], lane: Lane, now: Millis): Step {
  const inOrder = [...entries].sort((a, b) => a.seq - b.seq);
  return lane === "words" ? nextWords(inOrder, now) : nextBytes(inOrder, now);
}

function nextWords(entries: Entry[], now: Millis): Step {
  const held = new Set<ConversationId>();
  let until: Millis | null = null;
  for (const entry of entries) {
    if (entry.announced || entry.refused || held.has(entry.conversation)) continue;
    if (entry.not_before <= now) return { do: "announce", entry };
    held.add(entry.conversation);
    until = sooner(until, entry.not_before);
  }
  return { do: "wait", until };
}

function nextBytes(entries: Entry[], now: Millis): Step {
  let until: Millis | null = null;
  for (const entry of entries) {
    if (!entry.announced || entry.refused) continue;
    const withdrawn = entry.pieces.find((piece) => piece.state === "withdrawing");
    const piece = withdrawn ?? entry.pieces.find((candidate) => candidate.state === "waiting");
    if (!piece) continue;
    if (entry.not_before <= now) return { do: withdrawn ? "withdraw" : "upload", entry, piece };
    until = sooner(until, entry.not_before);
  }
  return { do: "wait", until };
}

const sooner = (a: Millis | null, b: Millis): Millis => (a === null ? b : Math.min(a, b));

/** What came back from the server: `status` 0 means that it was not reached. */
export type Outcome = { ok: true } | { ok: false; status: number; failure: Failure | null };

export type Verdict = "done" | "again" | "signed-out" | "refused";

/** How often the server may contradict itself before a person is asked. */
const CONFLICTS_BELIEVED = 6;

/** What an answer means. Everything that may pass by itself is tried again, for as long as it takes. */
export function judge(outcome: Outcome, lane: Lane, tries: number): Verdict {
  if (outcome.ok) return "done";
  const { status } = outcome;
  if (status === 401) return "signed-out";
  if (status === 0 || status === 408 || status === 425 || status === 429 || status >= 500) return "again";
  // For bytes these mean that the server and this device disagree on the offset, or that an old connection still
  // holds the upload: asking again how much has arrived settles it.
  if (lane === "bytes" && (status === 409 || status === 423 || status === 460)) {
    return tries < CONFLICTS_BELIEVED ? "again" : "refused";
  }
  return "refused";
}

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 60_000;

/** How long to wait after so many failed attempts; `chance` in 0..1 keeps many phones from calling at once. */
export function pause(tries: number, chance: number): number {
  const full = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.max(0, tries - 1));
  return Math.round(full * (0.75 + 0.25 * chance));
}

/** The entry after a failed attempt that will be repeated. */
export const delayed = (entry: Entry, now: Millis, chance: number): Entry => ({
  ...entry,
  tries: entry.tries + 1,
  not_before: now + pause(entry.tries + 1, chance),
});

/** The entry with the way free again: no pause, no count. */
export const eager = (entry: Entry): Entry => ({ ...entry, tries: 0, not_before: 0 });

/** The entry with one file changed. */
export const withPiece = (entry: Entry, id: AttachmentId, change: Partial<Piece>): Entry => ({
  ...entry,
  pieces: entry.pieces.map((piece) => (piece.id === id ? { ...piece, ...change } : piece)),
});

/** What cancelling a file makes of its entry: `null` when the server never heard of it and nothing is left. */
export function cancel(entry: Entry, id: AttachmentId): Entry | null {
  if (entry.touched) return eager(withPiece(entry, id, { state: "withdrawing" }));
  const pieces = entry.pieces.filter((piece) => piece.id !== id);
  return pieces.length === 0 && entry.body === "" ? null : { ...entry, pieces };
}

/** What the server is told, the same at every repetition. */
export const announcement = (entry: Entry): NewMessage => ({
  conversation: entry.conversation,
  audience: "everyone",
  body: entry.body,
  sent_at: entry.sent_at,
  attachments: entry.pieces.map(({ id, kind, name, mime, bytes, captured_at }) => {
    return { id, kind, name, mime, bytes, caption: "", captured_at, still_of: null };
  }),
});

/**
 * What the feed says about a file: `undelivered` when it was given up before it had arrived, `refused` when it had
 * arrived and was no good, `gone` for a tombstone, `null` when it has not been seen.
 */
export type Seen = "uploading" | "processing" | "ready" | "undelivered" | "refused" | "gone" | null;

/** The entry after a look at the feed, `null` when the server has all of it and the local copy may go. */
export function settle(entry: Entry, messageSeen: boolean, seen: (id: AttachmentId) => Seen): Entry | null {
  let settled = entry;
  if (messageSeen && !settled.announced) settled = { ...settled, announced: true, touched: true, refused: null };
  for (const piece of settled.pieces) {
    const there = seen(piece.id);
    const complete = there === "processing" || there === "ready" || there === "refused";
    if (piece.state === "waiting" && complete) settled = withPiece(settled, piece.id, { state: "arrived" });
    // Nobody here cancelled it: it ran out of time. Only this device has it, so it goes from the beginning.
    if (piece.state === "arrived" && there === "undelivered") {
      settled = { ...withPiece(settled, piece.id, { state: "waiting", begun: false }), shown_at: 0 };
    }
    // The server turns down what was cancelled; it says so in the feed.
    if (piece.state === "withdrawing" && (there === "gone" || there === "undelivered" || there === "refused")) {
      settled = withPiece(settled, piece.id, { state: "withdrawn" });
    }
  }
  const over = settled.pieces.every((piece) => {
    if (piece.state === "withdrawn") return true;
    // A refused file stays here, so that it can be sent again.
    return piece.state === "arrived" && (seen(piece.id) === "ready" || seen(piece.id) === "gone");
  });
  return settled.announced && messageSeen && over ? null : settled;
}

/** What taking down a file that was refused or lost makes of its entry: what never arrived is called off. */
export function dismiss(entry: Entry, id: AttachmentId): Entry | null {
  const arrived = entry.pieces.some((piece) => piece.id === id && piece.state === "arrived");
  return arrived ? withPiece(entry, id, { state: "withdrawn" }) : cancel(entry, id);
}

/** How long what cannot be sent is kept for a second attempt, from when a person was told. */
export const KEEP_REFUSED: Millis = 3 * 24 * 3600 * 1000;

/** Whether an entry only waits for a person who never came back to it. */
export const abandoned = (entry: Entry, now: Millis): boolean => {
  const open = !entry.refused && (!entry.announced || entry.pieces.some((p) => p.state === "waiting" || p.state === "withdrawing"));
  return !open && entry.shown_at > 0 && now - entry.shown_at > KEEP_REFUSED;
};
