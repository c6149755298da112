// The outbox on this device: the plan's entries, kept before anything is done with them, and what drains them.
//
// Must always be true: every change is on disk before it is acted on; one window at a time drains (the one that is
// looked at), so that two open windows do not send against each other.

import type { AttachmentId, ConversationId, Failure, Millis } from "@limpet/shared/gen/wire";
import { Ours } from "./ours";
import type { Store } from "../storage/store";
import { abandoned, cancel, dismiss, eager, type Entry, type Piece, type Seen, settle, withPiece } from "./outbox";
import { newId } from "./uuid7";

/** A file chosen to be sent. */
export interface Chosen {
  id: AttachmentId;
  file: Blob;
  kind: Piece["kind"];
  name: string;
  mime: string;
  captured_at: Millis | null;
}

export class Outbox {
  /** In the order of writing. */
  entries: readonly Entry[] = $state.raw([]);
  /** Bytes that have left, by file, while this page is sending or since it did. */
  sent: Record<AttachmentId, number> = $state({});
  /** The file that is leaving now. */
  leaving: AttachmentId | null = $state(null);
  /** Seconds until it has left; null while unknown. */
  secondsLeft: number | null = $state(null);
  /** Entries that are gone when the page is closed. */
  fleeting: readonly string[] = $state.raw([]);
  /** Why the server asks to wait, when it gave a reason. */
  waitingFor: Failure | null = $state.raw(null);

  /** Called after every change. */
  changed: () => void = () => undefined;

  constructor(
    private readonly store: Store,
    private readonly now: () => Millis = Date.now,
  ) {}

  private readonly ours = new Ours();

  /** Takes over what is kept. */
  take(entries: readonly Entry[]): void {
    this.entries = [...entries].sort((a, b) => a.seq - b.seq);
  }

  /** Takes over what another window changed. What changes here meanwhile is newer and stays. */
  async reload(): Promise<void> {
    const { read, ours } = await this.ours.read(() => this.store.load());
    const stay = this.entries.filter(({ id }) => ours.has(id));
    this.take([...read.entries.filter(({ id }) => !ours.has(id)), ...stay]);
  }

  /** Puts a message in. It is on disk when this answers. */
  async add(conversation: ConversationId, body: string, chosen: readonly Chosen[]): Promise<Entry> {
    const seq = Math.max(0, ...this.entries.map((entry) => entry.seq)) + 1;
    const entry: Entry = {
      id: newId(),
      conversation,
      seq,
      body,
      sent_at: this.now(),
      pieces: chosen.map(({ id, kind, name, mime, file, captured_at }) => {
        return { id, kind, name, mime, bytes: file.size, captured_at, state: "waiting", begun: false, reason: "" };
      }),
      touched: false,
      announced: false,
      refused: null,
      tries: 0,
      not_before: 0,
      shown_at: 0,
    };
    await this.ours.write(entry.id, async () => {
      const lasting = await this.store.saveEntry(entry, chosen);
      if (!lasting) this.fleeting = [...this.fleeting, entry.id];
      this.entries = [...this.entries, entry];
    });
    this.changed();
    return entry;
  }

  /** The entry as it is now. */
  find(id: string): Entry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  /**
   * Changes an entry from what it is at this moment, `null` drops it with its files. Two doers never overwrite
   * each other: the change is computed and shown at once, and on disk when this answers.
   */
  async change(id: string, to: (entry: Entry) => Entry | null): Promise<void> {
    const entry = this.find(id);
    if (!entry) return;
    const changed = to(entry);
    if (changed === entry) return;
    this.entries = this.entries.flatMap((known) => (known.id !== id ? [known] : changed ? [changed] : []));
    await this.ours.write<unknown>(id, () => (changed ? this.store.saveEntry(changed) : this.store.dropEntry(entry)));
    this.changed();
  }

  /** Cancels a file that is on its way. */
  cancel(id: string, piece: AttachmentId): Promise<void> {
    return this.change(id, (entry) => cancel(entry, piece));
  }

  /** Takes down a message or a file that was refused or lost. */
  dismiss(id: string, piece: AttachmentId | null): Promise<void> {
    return this.change(id, (entry) => (piece === null ? null : dismiss(entry, piece)));
  }

  /** A person sees that these need them: from now on they have three days. */
  async shown(ids: readonly string[]): Promise<void> {
    const mark = (entry: Entry): Entry => (entry.shown_at > 0 ? entry : { ...entry, shown_at: this.now() });
    await Promise.all(ids.map((id) => this.change(id, mark)));
  }

  /** Sends a refused message (`piece` null) or one of its files as a new message. False: the file is gone. */
  async again(id: string, piece: AttachmentId | null): Promise<boolean> {
    const entry = this.find(id);
    if (!entry) return false;
    const chosen: Chosen[] = [];
    for (const old of entry.pieces.filter((one) => piece === null || one.id === piece)) {
      const file = await this.store.file(old.id);
      if (!file) return false;
      chosen.push({ ...old, id: newId(), file });
    }
    await this.add(entry.conversation, piece === null ? entry.body : "", chosen);
    await this.dismiss(id, piece);
    return true;
  }

  file(id: AttachmentId): Promise<Blob | undefined> {
    return this.store.file(id);
  }

  /** No more waiting: the connection is back, or somebody is looking. */
  async hurry(): Promise<void> {
    const waiting = this.entries.filter((entry) => entry.not_before > 0);
    await Promise.all(waiting.map(({ id }) => this.change(id, eager)));
  }

  /** Looks at what the feed says and lets go of what the server has. */
  async settle(messageSeen: (id: string) => boolean, seen: (id: AttachmentId) => Seen): Promise<void> {
    for (const { id } of this.entries) {
      await this.change(id, (entry) => {
        const settled = settle(entry, messageSeen(id), seen);
        return settled && abandoned(settled, this.now()) ? null : settled;
      });
    }
  }

  /** Changes one file of an entry, if it is still there. */
  piece(id: string, piece: AttachmentId, change: Partial<Piece>): Promise<void> {
    return this.change(id, (entry) => withPiece(entry, piece, change));
  }
}
