// The link for the client of a conversation. It is the server that makes it, and a conversation that was opened a
// moment ago may still be on its way there: then it is asked again by itself.

import type { ConversationId, Failure, Invitation } from "@limpet/shared/gen/wire";
import { failureOf } from "@limpet/shared/host/failure";
import { callsOf, type Host } from "@limpet/shared/host/host";

/** Between two questions while the conversation is on its way, milliseconds, and how often it is asked. */
export const PAUSE = 700;
export const TIMES = 12;

export class InvitationLink {
  invitation = $state.raw<Invitation | null>(null);
  failure = $state.raw<Failure | null>(null);
  private timer: ReturnType<typeof setTimeout> | null = null;
  private asked = 0;
  private readonly call;

  constructor(
    readonly conversation: ConversationId,
    host: Host,
    private readonly isOnline: () => boolean,
  ) {
    this.call = callsOf(host);
  }

  /** Begins anew: on opening, when the person asks again, and when the server is back. */
  begin(): void {
    if (this.invitation) return;
    this.stop();
    this.asked = 0;
    this.failure = null;
    void this.ask();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private async ask(): Promise<void> {
    this.asked += 1;
    try {
      this.invitation = await this.call("invite", this.conversation);
    } catch (thrown) {
      const failure = failureOf(thrown);
      const isOnItsWay = failure.code === "offline" && this.isOnline() && this.asked < TIMES;
      if (isOnItsWay) this.timer = setTimeout(() => void this.ask(), PAUSE);
      else this.failure = failure;
    }
  }
}
