// What this device keeps of one client: a copy of the thread, and what still waits to be sent with its files.
//
// Must always be true: an entry and its files are written together or not at all. The copy of the thread may be
// thrown away at any time, the outbox never.

import type { AttachmentId, Revision } from "@limpet/shared/gen/wire";
import type { Thing } from "../feed/things";
import type { Entry } from "../outbox/outbox";

/** How far the copy of the thread goes, and in which past of the server that counts. */
export interface Place {
  revision: Revision;
  epoch: string;
}

export interface Kept extends Place {
  things: Thing[];
  entries: Entry[];
}

/** A file that goes with an entry. */
export interface Held {
  id: AttachmentId;
  file: Blob;
}

export interface Store {
  /** Whether what is kept survives closing the page. */
  readonly lasting: boolean;
  load(): Promise<Kept>;
  /** Keeps things that changed and where they lead to. */
  saveThings(things: readonly Thing[], to: Place): Promise<void>;
  /** Throws the copy of the thread away, never the outbox. */
  forgetThings(): Promise<void>;
  /** Keeps an entry, new or changed, with new files. Answers whether that survives closing the page. */
  saveEntry(entry: Entry, files?: readonly Held[]): Promise<boolean>;
  /** Drops an entry and its files. */
  dropEntry(entry: Entry): Promise<void>;
  file(id: AttachmentId): Promise<Blob | undefined>;
  /** Keeps a picture of the thread; only the latest `PICTURES` stay. */
  savePicture(id: AttachmentId, picture: Blob): Promise<void>;
  picture(id: AttachmentId): Promise<Blob | undefined>;
  close(): void;
}

/** How many pictures of the thread are kept for reading without a connection. */
export const PICTURES = 60;

/** Keeps everything as long as the page is open: for browsers that refuse storage. */
export class MemoryStore implements Store {
  readonly lasting = false;
  private readonly things = new Map<string, Thing>();
  private readonly entries = new Map<string, Entry>();
  private readonly files = new Map<AttachmentId, Blob>();
  private place: Place = { revision: 0, epoch: "" };

  load(): Promise<Kept> {
    const kept = { things: [...this.things.values()], ...this.place, entries: [...this.entries.values()] };
    return Promise.resolve(kept);
  }

  saveThings(things: readonly Thing[], { revision, epoch }: Place): Promise<void> {
    for (const thing of things) this.things.set(thing.key, thing);
    this.place = { revision, epoch };
    return Promise.resolve();
  }

  forgetThings(): Promise<void> {
    this.things.clear();
    this.place = { revision: 0, epoch: "" };
    return Promise.resolve();
  }

  saveEntry(entry: Entry, files?: readonly Held[]): Promise<boolean> {
    this.entries.set(entry.id, entry);
    for (const { id, file } of files ?? []) this.files.set(id, file);
    return Promise.resolve(false);
  }

  dropEntry(entry: Entry): Promise<void> {
    this.entries.delete(entry.id);
    for (const piece of entry.pieces) this.files.delete(piece.id);
    return Promise.resolve();
  }

  file(id: AttachmentId): Promise<Blob | undefined> {
    return Promise.resolve(this.files.get(id));
  }

  savePicture(): Promise<void> {
    // The browser still has it as long as the page is open.
    return Promise.resolve();
  }

  picture(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  close(): void {
    // Nothing is held outside the page.
  }
}
