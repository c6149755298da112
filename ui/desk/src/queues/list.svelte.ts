// The rows of one queue. They are asked for in pages and asked for again, all that are shown, whenever something
// changed; the order is the desk's: urgent first, then whoever has waited longest.

import type { ConversationId, ConversationRow, Failure, Queue, QueueCounts } from "@limpet/shared/gen/wire";
import { failureOf } from "@limpet/shared/host/failure";
import { callsOf, type Host } from "@limpet/shared/host/host";
import { again } from "../shell/again";

export const QUEUES: readonly Queue[] = ["waiting", "mine", "unassigned", "open", "ended"];
export const PAGE = 60;
/** Rows that the desk answers at most, whatever is asked for. */
export const MOST = 500;
/** How long after the last key a search is asked, milliseconds. */
export const SEARCH_AFTER = 150;

export class List {
  queue = $state<Queue>("waiting");
  search = $state("");
  rows = $state.raw<readonly ConversationRow[]>([]);
  total = $state(0);
  counts = $state.raw<QueueCounts>({ waiting: 0, mine: 0, unassigned: 0, open: 0, ended: 0 });
  failure = $state.raw<Failure | null>(null);
  /** Whether the rows answer another question than the one asked now. */
  isStale = $state(true);
  selected = $state<ConversationId | null>(null);
  readonly refresh: () => Promise<void>;

  private wanted = PAGE;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly call;

  constructor(host: Host) {
    this.call = callsOf(host);
    this.refresh = again(() => this.ask());
  }

  /** Whether this desk knows of no conversation at all. */
  get isEmpty(): boolean {
    return this.counts.open + this.counts.ended === 0;
  }

  turnTo(queue: Queue): Promise<void> {
    if (queue === this.queue) return Promise.resolve();
    this.queue = queue;
    this.rows = [];
    return this.restart();
  }

  find(words: string): void {
    this.search = words;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.restart(), SEARCH_AFTER);
  }

  /** Asks for another page, when there is one. */
  async more(): Promise<void> {
    if (this.rows.length >= this.total || this.wanted > this.rows.length) return;
    this.wanted = this.rows.length + PAGE;
    await this.refresh();
  }

  /** The row so many places from the selected one; with nothing selected, the first. */
  beside(by: number): ConversationRow | null {
    const at = this.rows.findIndex((row) => row.conversation.id === this.selected);
    if (at < 0) return this.rows[0] ?? null;
    return this.rows[Math.min(Math.max(at + by, 0), this.rows.length - 1)] ?? null;
  }

  private restart(): Promise<void> {
    this.wanted = PAGE;
    this.isStale = true;
    return this.refresh();
  }

  private async ask(): Promise<void> {
    const { queue, search, wanted } = this;
    const rows: ConversationRow[] = [];
    let total = wanted;
    try {
      for (let offset = 0; offset < Math.min(wanted, total); offset += MOST) {
        const limit = Math.min(wanted - offset, MOST);
        const list = await this.call("list_conversations", { queue, search: search.trim(), offset, limit });
        // The sizes are right whatever was asked; the rows only if nobody has asked for others meanwhile.
        this.counts = list.counts;
        if (queue !== this.queue || search !== this.search) return;
        rows.push(...list.rows);
        total = list.total;
      }
      // Between two pages a conversation may move from one to the other, and is still one.
      this.rows = Object.values(Object.fromEntries(rows.map((row) => [row.conversation.id, row])));
      this.total = total;
      this.isStale = false;
      this.failure = null;
    } catch (thrown) {
      this.failure = failureOf(thrown);
    }
  }
}
