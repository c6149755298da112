// Whether somebody of the practice is writing, and telling the practice so of oneself. Nothing of it is kept.

import type { ConversationId, Present } from "@limpet/shared/gen/wire";
import { Pulse } from "@limpet/shared/presence";
import { SvelteSet } from "svelte/reactivity";
import { ask } from "../net/ask";

export class Presence {
  private readonly written = new SvelteSet<ConversationId>();
  private looked: { conversation: ConversationId; pulse: Pulse } | null = null;

  /** Whether the practice is writing in a conversation. */
  writesIn = (conversation: ConversationId): boolean => this.written.has(conversation);

  /** The server says who is in a conversation now. */
  hear({ conversation, people }: Present): void {
    const writes = people.some(({ who, typing }) => who.kind === "practice" && typing === "everyone");
    if (writes) this.written.add(conversation);
    else this.written.delete(conversation);
  }

  /** The line broke: nobody knows any more. */
  forget(): void {
    this.written.clear();
  }

  /** A conversation is looked at, or none. */
  look(conversation: ConversationId | null): void {
    if (this.looked?.conversation === conversation) return;
    this.looked?.pulse.look(false);
    this.looked = null;
    if (conversation === null) return;
    const pulse = new Pulse((doing) => ask("PUT", `/v1/conversations/${conversation}/presence`, doing));
    this.looked = { conversation, pulse };
    pulse.look(true);
  }

  /** Something was written: words, or none any more. */
  typed(body: string): void {
    if (body.trim() === "") this.looked?.pulse.rest();
    else this.looked?.pulse.type("everyone");
  }
}
