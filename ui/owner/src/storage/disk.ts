// The store on this device's disk (IndexedDB), one database a client.
//
// Must always be true: when the disk refuses an entry (full, private mode), it is kept in memory instead and the
// person is told; it is not lost while the page is open.

import type { AttachmentId, Revision } from "@limpet/shared/gen/wire";
import type { Thing } from "../feed/things";
import type { Entry } from "../outbox/outbox";
import { type Held, type Kept, MemoryStore, PICTURES, type Place, type Store } from "./store";

const VERSION = 1;
const STORES = ["things", "outbox", "files", "pictures", "facts"] as const;

/** Opens the client's store; where the browser refuses one, a store in memory. */
export async function openStore(client: string): Promise<Store> {
  try {
    return new DiskStore(await openDatabase(`limpet-owner-${client}`));
  } catch {
    return new MemoryStore();
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((opened, refused) => {
    const request = indexedDB.open(name, VERSION);
    request.onupgradeneeded = () => {
      for (const store of STORES) {
        if (!request.result.objectStoreNames.contains(store)) request.result.createObjectStore(store);
      }
    };
    request.onsuccess = () => opened(request.result);
    request.onerror = () => refused(request.error ?? new Error("refused"));
    request.onblocked = () => refused(new Error("blocked"));
  });
}

const answer = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((answered, refused) => {
    request.onsuccess = () => answered(request.result);
    request.onerror = () => refused(request.error ?? new Error("refused"));
  });

const committed = (transaction: IDBTransaction): Promise<void> =>
  new Promise((done, refused) => {
    transaction.oncomplete = () => done();
    transaction.onabort = () => refused(transaction.error ?? new Error("aborted"));
    transaction.onerror = () => refused(transaction.error ?? new Error("refused"));
  });

class DiskStore implements Store {
  readonly lasting = true;
  private readonly overflow = new MemoryStore();
  /** Where the copy of the thread led to when this window read or wrote it last. Null once it is not this window's. */
  private place: Place | null = null;

  constructor(private readonly db: IDBDatabase) {
    // A newer page wants to change the shape: let it.
    db.onversionchange = () => db.close();
  }

  async load(): Promise<Kept> {
    const transaction = this.db.transaction(STORES, "readonly");
    const [things, entries, revision, epoch] = await Promise.all([
      answer(transaction.objectStore("things").getAll() as IDBRequest<Thing[]>),
      answer(transaction.objectStore("outbox").getAll() as IDBRequest<Entry[]>),
      answer(transaction.objectStore("facts").get("revision") as IDBRequest<Revision | undefined>),
      answer(transaction.objectStore("facts").get("epoch") as IDBRequest<string | undefined>),
    ]);
    const place = { revision: revision ?? 0, epoch: epoch ?? "" };
    this.place = place;
    const fleeting = (await this.overflow.load()).entries;
    const known = new Set(fleeting.map((entry) => entry.id));
    return {
      things,
      ...place,
      entries: [...entries.filter((entry) => !known.has(entry.id)), ...fleeting],
    };
  }

  /**
   * A page that another window's copy, or one that could not be saved, would be missing from is not put behind it: then
   * the copy stays what it was, and the next one to open the page goes on from there.
   */
  async saveThings(things: readonly Thing[], to: Place): Promise<void> {
    const before = this.place;
    this.place = null;
    if (!before) return;
    const transaction = this.db.transaction(["things", "facts"], "readwrite");
    const done = committed(transaction);
    const facts = transaction.objectStore("facts");
    const [revision, epoch] = await Promise.all([
      answer(facts.get("revision") as IDBRequest<Revision | undefined>),
      answer(facts.get("epoch") as IDBRequest<string | undefined>),
    ]);
    if ((revision ?? 0) === before.revision && (epoch ?? "") === before.epoch) {
      for (const thing of things) transaction.objectStore("things").put(thing, thing.key);
      facts.put(to.revision, "revision");
      facts.put(to.epoch, "epoch");
      this.place = to;
    }
    try {
      await done;
    } catch (failed) {
      this.place = null;
      throw failed;
    }
  }

  async forgetThings(): Promise<void> {
    this.place = null;
    const transaction = this.db.transaction(["things", "facts"], "readwrite");
    transaction.objectStore("things").clear();
    transaction.objectStore("facts").delete("revision");
    transaction.objectStore("facts").delete("epoch");
    await committed(transaction);
    this.place = { revision: 0, epoch: "" };
  }

  async saveEntry(entry: Entry, files: readonly Held[] = []): Promise<boolean> {
    try {
      const transaction = this.db.transaction(["outbox", "files"], "readwrite", { durability: "strict" });
      const done = committed(transaction);
      transaction.objectStore("outbox").put(entry, entry.id);
      for (const { id, file } of files) transaction.objectStore("files").put(file, id);
      await done;
      return !(await this.overflows(entry));
    } catch {
      return this.overflow.saveEntry(entry, files);
    }
  }

  async dropEntry(entry: Entry): Promise<void> {
    await this.overflow.dropEntry(entry);
    const transaction = this.db.transaction(["outbox", "files"], "readwrite");
    transaction.objectStore("outbox").delete(entry.id);
    for (const piece of entry.pieces) transaction.objectStore("files").delete(piece.id);
    await committed(transaction);
  }

  async file(id: AttachmentId): Promise<Blob | undefined> {
    const held = await this.overflow.file(id);
    if (held) return held;
    const request = this.db.transaction("files", "readonly").objectStore("files").get(id);
    return answer(request as IDBRequest<Blob | undefined>);
  }

  async savePicture(id: AttachmentId, picture: Blob): Promise<void> {
    const transaction = this.db.transaction("pictures", "readwrite");
    const done = committed(transaction);
    const pictures = transaction.objectStore("pictures");
    pictures.put(picture, id);
    // Ids sort by creation: the first keys are the oldest pictures.
    const keys = await answer(pictures.getAllKeys());
    for (const old of keys.slice(0, -PICTURES)) pictures.delete(old);
    await done;
  }

  picture(id: AttachmentId): Promise<Blob | undefined> {
    const request = this.db.transaction("pictures", "readonly").objectStore("pictures").get(id);
    return answer(request as IDBRequest<Blob | undefined>);
  }

  close(): void {
    this.db.close();
  }

  /** Whether any of an entry's files is only in memory. */
  private async overflows(entry: Entry): Promise<boolean> {
    const held = await Promise.all(entry.pieces.map((piece) => this.overflow.file(piece.id)));
    return held.some((file) => file !== undefined);
  }
}
