// Reads the change feed page by page, from a revision to its end.

import type { Change, ChangePage, Revision } from "@limpet/shared/gen/wire";
import { ask } from "../net/ask";

/** How many changes a page holds at most. */
const PAGE = 500;

export interface Page {
  /** The copy held so far belongs to another past of the server and has to go. */
  restart: boolean;
  changes: Change[];
  revision: Revision;
  epoch: string;
}

/** Everything that changed since a revision, which counts in the server's past of this name; empty if it is not known. */
export async function* readFeed(since: Revision, epoch: string, read = readPage): AsyncGenerator<Page> {
  let from = since;
  let past = epoch;
  let restart = false;
  let told = false;
  for (;;) {
    const page = await read(from, past);
    if (page.revision < from || (page.more && page.revision === from)) {
      // The server was set back (a restored backup): what it says now is the truth.
      if (restart) throw new Error("The change feed does not move on.");
      from = 0;
      past = page.epoch;
      restart = true;
      continue;
    }
    yield { restart, changes: page.changes, revision: page.revision, epoch: page.epoch };
    restart = false;
    from = page.revision;
    past = page.epoch;
    if (page.more) continue;
    // What came is asked after once more: that tells the practice that it has arrived.
    if (told || page.changes.length === 0) return;
    told = true;
  }
}

const readPage = (since: Revision, epoch: string): Promise<ChangePage> =>
  ask("GET", `/v1/changes?since=${since}&limit=${PAGE}${epoch && `&epoch=${epoch}`}`);
