// The conversation that is open: asked from the desk, asked again when the desk says that it changed.
// One object for each opening; answers that come late belong to an object nobody looks at any more.

import type { ConversationId, Failure, MessageId, Millis, StaffId, Thread } from "@limpet/shared/gen/wire";
import { failureOf } from "@limpet/shared/host/failure";
import { callsOf, type Host } from "@limpet/shared/host/host";
import { again } from "../shell/again";
import { Composer } from "./composer.svelte";
import { Presence } from "./presence.svelte";

/** How long a thread has to be in sight before it counts as seen, milliseconds. */
export const SEEN_AFTER = 1000;

export class OpenThread {
  thread = $state.raw<Thread | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** Where the unseen part began when the thread was opened; null before the first answer. */
  seenBefore = $state<Millis | null>(null);
  readonly refresh: () => Promise<void>;
  readonly presence: Presence;

  private isInSight = false;
  private seen: ReturnType<typeof setTimeout> | null = null;
  private isClosed = false;
  private readonly call;

  constructor(
    readonly id: ConversationId,
    host: Host,
    readonly composer = new Composer(id, host),
  ) {
    this.call = callsOf(host);
    this.refresh = again(() => this.ask());
    this.presence = new Presence(id, host);
    composer.typed = (audience) => (audience === null ? this.presence.pulse.rest() : this.presence.pulse.type(audience));
  }

  /** The window shows it, or no longer does. */
  look(isInSight: boolean): void {
    this.isInSight = isInSight;
    this.presence.pulse.look(isInSight && !this.isClosed);
    this.markLater();
  }

  /** Leaves it: what was written is kept. Throws the failure when that did not work. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.look(false);
    await this.composer.flush();
  }

  async send(): Promise<void> {
    if (await this.composer.send()) await this.refresh();
  }

  async assign(to: StaffId | null): Promise<void> {
    await this.call("assign", { conversation: this.id, to });
    await this.refresh();
  }

  async markUrgent(urgent: boolean): Promise<void> {
    await this.call("mark_urgent", { conversation: this.id, urgent });
    await this.refresh();
  }

  async retry(message: MessageId): Promise<void> {
    await this.call("retry_message", message);
    await this.refresh();
  }

  /** Drops a refused message; its words come back into the field, behind those already there. */
  async takeBack(message: MessageId): Promise<void> {
    await this.composer.flush();
    await this.call("discard_message", message);
    await this.refresh();
  }

  private async ask(): Promise<void> {
    try {
      const asked = this.composer.asking();
      const thread = await this.call("open_conversation", this.id);
      if (this.isClosed) return;
      this.seenBefore ??= thread.conversation.read_by_staff;
      this.thread = thread;
      this.failure = null;
      this.composer.adopt(thread.draft, asked);
      this.markLater();
    } catch (thrown) {
      this.failure = failureOf(thrown);
    }
  }

  private markLater(): void {
    if (this.seen !== null) clearTimeout(this.seen);
    this.seen = null;
    if (!this.isInSight || this.isClosed || !this.thread || !hasUnseen(this.thread)) return;
    // That it could not be marked is no news to anybody: the next look tries again.
    this.seen = setTimeout(() => void this.call("mark_read", this.id).catch(() => undefined), SEEN_AFTER);
  }
}

/** Whether the client wrote something after what staff have seen. */
export const hasUnseen = (thread: Thread): boolean =>
  thread.messages.some(
    ({ message }) => message.author.kind === "client" && message.received_at > thread.conversation.read_by_staff,
  );
