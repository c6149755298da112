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
}

/** Everything that changed since a revision. */
export async function* readFeed(since: Revision, read = readPage): AsyncGenerator<Page> {
  let from = since;
  let restart = false;
  for (;;) {
    const page = await read(from);
    if (page.revision < from) {
      // The server was set back (a restored backup): what it says now is the truth.
      from = 0;
      restart = true;
      continue;
    }
    yield { restart, changes: page.changes, revision: page.revision };
    restart = false;
    from = page.revision;
    if (!page.more) return;
  }
}

const readPage = (since: Revision): Promise<ChangePage> => ask("GET", `/v1/changes?since=${since}&limit=${PAGE}`);
