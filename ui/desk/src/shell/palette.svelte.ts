// The command palette: deeds from the table of shortcuts, and conversations found by words.

import type { ConversationRow } from "@limpet/shared/gen/wire";
import { callsOf, type Host } from "@limpet/shared/host/host";
import { again } from "./again";
import { SHORTCUTS, nameOf, type Deed } from "./shortcuts";

export type Entry =
  | { kind: "deed"; key: string; label: string; deed: Deed; keys: readonly string[] }
  | { kind: "conversation"; key: string; row: ConversationRow };

const FOUND = 8;

export class Palette {
  words = $state("");
  at = $state(0);
  private rows = $state.raw<readonly ConversationRow[]>([]);
  private readonly ask: () => Promise<void>;

  constructor(host: Host) {
    const call = callsOf(host);
    this.ask = again(async () => {
      const search = this.words.trim();
      const found = search
        ? await Promise.all(
            (["open", "ended"] as const).map((queue) => call("list_conversations", { queue, search, offset: 0, limit: FOUND })),
          )
        : [];
      if (search === this.words.trim()) this.rows = found.flatMap((list) => list.rows).slice(0, FOUND);
    });
  }

  readonly entries: readonly Entry[] = $derived.by(() => {
    const words = plain(this.words.trim());
    const deeds: Entry[] = SHORTCUTS.flatMap((shortcut) =>
      shortcut.inPalette && shortcut.deed !== "send" && shortcut.deed !== "line" && plain(nameOf(shortcut)).includes(words)
        ? [{ kind: "deed", key: shortcut.deed, label: nameOf(shortcut), deed: shortcut.deed, keys: shortcut.keys }]
        : [],
    );
    const rows: Entry[] = this.rows.map((row) => ({ kind: "conversation", key: row.conversation.id, row }));
    return [...rows, ...deeds];
  });

  write(words: string): void {
    this.words = words;
    this.at = 0;
    // Without an answer there are still the deeds.
    void this.ask().catch(() => undefined);
  }

  move(by: number): void {
    const size = this.entries.length;
    if (size > 0) this.at = (this.at + by + size) % size;
  }

  get chosen(): Entry | null {
    return this.entries[this.at] ?? null;
  }
}

/** Without case and accents: `añadir` is found by `anadir`. */
export const plain = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
