// What is being written in each conversation. It stays while others are looked at.

import type { ConversationId, Message } from "@limpet/shared/gen/wire";
import { untrack } from "svelte";
import { Staged } from "./staged.svelte";

export class Drafts {
  /** What was sent and lost by the practice's server, until it is seen to. Its words are being written again. */
  lost: Message[] = $state.raw([]);
  private readonly drafts: Record<ConversationId, Staged> = {};

  of(conversation: ConversationId): Staged {
    return (this.drafts[conversation] ??= untrack(() => new Staged(`limpet.draft.${conversation}`)));
  }

  /** Puts lost words back before what is being written: in their conversation or, if that was lost too, in another. */
  putBack(lost: Message[], known: readonly ConversationId[], other: ConversationId): void {
    for (const { conversation, body } of lost.toReversed()) {
      if (body === "") continue;
      const draft = this.of(known.includes(conversation) ? conversation : other);
      draft.body = [body, draft.body].filter(Boolean).join("\n\n");
      draft.writing = true;
      draft.keep();
    }
    this.lost = lost;
  }
}
