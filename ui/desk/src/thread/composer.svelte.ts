// What is being written in one conversation. The desk keeps it; this class decides when to tell the desk.
//
// What is on the screen is never replaced by an answer to a question that was asked before it was told: the person's
// own typing wins. Files belong to the desk: staging and dropping are its calls, and its list is taken as it is.

import { callsOf, type Host } from "@limpet/shared/host/host";
import { failureOf } from "@limpet/shared/host/failure";
import {
  MESSAGE_LIMIT,
  type AttachmentId,
  type Audience,
  type ConversationId,
  type Draft,
  type Failure,
  type StagedFile,
} from "@limpet/shared/gen/wire";

/** How long after the last key the draft is kept, milliseconds. */
export const SAVE_AFTER = 600;
/** How long a word waits at most while the keys never rest, milliseconds. */
export const SAVE_WITHIN = 3000;

/** What the desk had been told when it was asked; an answer replaces only what has not moved on since. */
export interface Asked {
  readonly words: number | null;
  readonly files: number;
}

export class Composer {
  body = $state("");
  audience = $state<Audience>("everyone");
  files = $state.raw<readonly StagedFile[]>([]);
  /** Names of files that are being copied in. */
  staging = $state.raw<readonly string[]>([]);
  isSending = $state(false);
  /** What did not work last, shown above the field. */
  failure = $state.raw<Failure | null>(null);

  /** Counts what was written, and how much of that the desk has confirmed. */
  private written = 0;
  private told = 0;
  private fileChanges = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  /** Until when the oldest word that waits has to be told. */
  private due: number | null = null;
  private saving: Promise<Failure | null> = Promise.resolve(null);
  private sending: Promise<boolean> = Promise.resolve(true);
  /** Hears for whom something is being written; nobody when that ends. */
  typed: (audience: Audience | null) => void = () => undefined;
  private readonly call;

  constructor(
    readonly conversation: ConversationId,
    private readonly host: Host,
  ) {
    this.call = callsOf(host);
  }

  get tooLong(): number {
    return Math.max(0, [...this.body].length - MESSAGE_LIMIT);
  }

  get canSend(): boolean {
    const hasSomething = this.body.trim() !== "" || this.files.length > 0;
    return hasSomething && !this.isSending && this.staging.length === 0 && this.tooLong === 0;
  }

  /** Whether the desk has every word. */
  get isKept(): boolean {
    return this.told === this.written && !this.isSending;
  }

  /** To be taken before the desk is asked, and handed back with its answer. */
  asking(): Asked {
    return { words: this.told === this.written ? this.written : null, files: this.fileChanges };
  }

  /**
   * Takes over what the desk keeps. A draft without words says "everyone" when nobody ever chose, so it never turns
   * a note into a reply.
   */
  adopt(draft: Draft, asked: Asked): void {
    if (this.isSending) return;
    if (asked.files === this.fileChanges) this.files = draft.files;
    if (asked.words !== this.written) return;
    this.body = draft.body;
    if (draft.body !== "" || draft.audience === "staff") this.audience = draft.audience;
  }

  write(body: string): void {
    this.body = body;
    this.failure = null;
    this.typed(body.trim() === "" ? null : this.audience);
    this.tellLater();
  }

  turnTo(audience: Audience): void {
    if (this.audience === audience) return;
    this.audience = audience;
    // The next key says for whom.
    this.typed(null);
    this.tellLater();
  }

  /** Tells the desk now what is written, if it does not know yet. Throws the failure when that did not work. */
  async flush(): Promise<void> {
    this.stopTimer();
    // What is being sent is gone afterwards, or it is still here and has to be kept.
    if (this.isSending) await this.sending;
    if (this.told !== this.written) {
      const [draft, written] = [this.draft(), this.written];
      this.saving = this.saving.then((before) => this.save(draft, written, before));
    }
    const failure = await this.saving;
    if (failure && !this.isKept) throw failure;
  }

  /** The same, where nobody waits for it: what did not work stands above the field. */
  async keep(): Promise<void> {
    await this.flush().catch(() => undefined);
  }

  send(): Promise<boolean> {
    if (!this.canSend) return Promise.resolve(false);
    this.sending = this.sendNow();
    return this.sending;
  }

  private async sendNow(): Promise<boolean> {
    this.stopTimer();
    this.isSending = true;
    this.failure = null;
    try {
      // A save on its way must not arrive after the message, or its words would come back as a draft.
      await this.saving;
      await this.call("send_message", this.draft());
      this.written += 1;
      this.told = this.written;
      this.fileChanges += 1;
      this.body = "";
      this.files = [];
      this.typed(null);
      return true;
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return false;
    } finally {
      this.isSending = false;
    }
  }

  /** Lets the person choose files and copies them in, one after another. */
  async attach(): Promise<void> {
    this.failure = null;
    try {
      const paths = await this.host.pickFiles();
      this.staging = [...this.staging, ...paths.map(nameOf)];
      for (const path of paths) await this.stage(path);
    } catch (thrown) {
      this.failure = failureOf(thrown);
    }
  }

  async drop(file: AttachmentId): Promise<void> {
    try {
      await this.call("unstage_file", { conversation: this.conversation, file });
      this.fileChanges += 1;
      this.files = this.files.filter((staged) => staged.id !== file);
    } catch (thrown) {
      this.failure = failureOf(thrown);
    }
  }

  private async stage(path: string): Promise<void> {
    try {
      const staged = await this.call("stage_file", { conversation: this.conversation, path });
      this.fileChanges += 1;
      this.files = [...this.files.filter((file) => file.id !== staged.id), staged];
    } catch (thrown) {
      this.failure = failureOf(thrown);
    } finally {
      const at = this.staging.indexOf(nameOf(path));
      this.staging = this.staging.filter((_, index) => index !== at);
    }
  }

  private draft(): Draft {
    return { conversation: this.conversation, audience: this.audience, body: this.body, files: [...this.files] };
  }

  private async save(draft: Draft, written: number, before: Failure | null): Promise<Failure | null> {
    if (written <= this.told) return null;
    try {
      await this.call("save_draft", draft);
      this.told = Math.max(this.told, written);
      if (this.failure === before) this.failure = null;
      return null;
    } catch (thrown) {
      this.failure = failureOf(thrown);
      return this.failure;
    }
  }

  private tellLater(): void {
    this.written += 1;
    if (this.timer !== null) clearTimeout(this.timer);
    this.due ??= Date.now() + SAVE_WITHIN;
    this.timer = setTimeout(() => void this.keep(), Math.min(SAVE_AFTER, this.due - Date.now()));
  }

  private stopTimer(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.due = null;
  }
}

const nameOf = (path: string): string => path.split(/[\\/]/).at(-1) ?? path;
