// The desk as this window sees it. Joins the features: what is listed, what is open, what is being said to the person.
// Rust is the source of truth: this asks, listens, and asks again.

import type {
  Attachment,
  AttachmentId,
  Connection,
  ConversationId,
  DeskEvent,
  DeskState,
  Settings,
  StaffId,
} from "@limpet/shared/gen/wire";
import { failureOf } from "@limpet/shared/host/failure";
import { callsOf, type Host } from "@limpet/shared/host/host";
import { choose } from "@limpet/shared/i18n";
import { SvelteMap } from "svelte/reactivity";
import { List } from "../queues/list.svelte";
import type { Composer } from "../thread/composer.svelte";
import { OpenThread } from "../thread/thread.svelte";
import { Uploads } from "../thread/uploads.svelte";
import { again } from "./again";
import { Notices } from "./notices.svelte";
import { shell } from "./words";

/** How long the mark in the list has to stay on a row before a held key counts as let go, milliseconds. */
export const RESTS_AFTER = 150;

/** What stands in front of everything else. */
export type Front =
  | { kind: "new-conversation" }
  | { kind: "invitation"; conversation: ConversationId; isNew: boolean }
  | { kind: "end" }
  | { kind: "client" }
  | { kind: "patient" }
  | { kind: "settings" }
  | { kind: "shortcuts" }
  | { kind: "palette" };

export class App {
  state = $state.raw<DeskState | null>(null);
  settings = $state.raw<Settings>({ filing_folder: "", language: "", theme: "", review_memory_mb: 0 });
  open = $state.raw<OpenThread | null>(null);
  front = $state.raw<Front | null>(null);
  /** The clip in the review room. */
  clip = $state.raw<{ id: AttachmentId; name: string; title: string } | null>(null);
  /** Whether the language of everything has to be said anew; changes when it does. */
  language = $state("");

  readonly list: List;
  readonly uploads = new Uploads();
  readonly notices = new Notices();
  readonly call;
  private readonly askState: () => Promise<void>;
  private unlisten: (() => void) | null = null;
  /** What was being written in conversations that were left, as long as the desk does not have it; and by whom. */
  private readonly unkept = new SvelteMap<ConversationId, Composer>();
  private writer: StaffId | null = null;
  private browsed = 0;
  private resting: ReturnType<typeof setTimeout> | null = null;

  constructor(readonly host: Host) {
    this.call = callsOf(host);
    this.list = new List(host);
    this.askState = again(async () => {
      try {
        this.adopt(await this.call("state"));
      } catch (thrown) {
        this.notices.fail(thrown);
      }
    });
  }

  get connection(): Connection {
    return this.state?.connection ?? "connecting";
  }

  get zone(): string {
    return this.state?.session?.practice.time_zone ?? "UTC";
  }

  /** Listens first and asks then, so that nothing falls between the two. */
  async start(): Promise<void> {
    this.unlisten = this.host.listen((event) => this.hear(event));
    await Promise.all([this.askState(), this.askSettings()]);
  }

  stop(): void {
    this.unlisten?.();
    this.unlisten = null;
  }

  hear(event: DeskEvent): void {
    switch (event.kind) {
      case "state":
        void this.askState();
        break;
      case "lists":
        // Also said after events were missed, and then nobody knows whether the open thread is still right.
        if (!this.state?.session) break;
        void this.list.refresh();
        void this.open?.refresh();
        void this.open?.presence.refresh();
        break;
      case "presence":
        if (this.open?.id === event.conversation) void this.open.presence.refresh();
        break;
      case "conversations":
        if (this.open && event.ids.includes(this.open.id)) void this.open.refresh();
        break;
      case "progress":
        this.uploads.hear(event);
        break;
    }
  }

  /** Takes over a state, from an answer or after an event. */
  adopt(state: DeskState): void {
    const before = this.state?.session?.staff.id;
    this.state = state;
    const now = state.session?.staff.id;
    if (before === now) return;
    void this.show(null);
    this.front = null;
    if (!now) return;
    // A session that ran out keeps its words for the same person, and for nobody else.
    if (now !== this.writer) this.unkept.clear();
    this.writer = now;
    void this.list.refresh();
  }

  adoptSettings(settings: Settings): void {
    this.settings = settings;
    if (settings.theme) document.documentElement.dataset["theme"] = settings.theme;
    else delete document.documentElement.dataset["theme"];
    choose(settings.language);
    this.language = settings.language;
  }

  /** Moves along the list. A held key moves the mark at once and opens a conversation only where it comes to rest. */
  browse(id: ConversationId): void {
    const now = Date.now();
    const isHeld = now - this.browsed < RESTS_AFTER;
    this.browsed = now;
    if (this.resting !== null) clearTimeout(this.resting);
    this.list.selected = id;
    if (!isHeld) return void this.show(id);
    this.resting = setTimeout(() => void this.show(id), RESTS_AFTER);
  }

  /** Opens a conversation in the thread, and lets go of the one that was there. */
  async show(id: ConversationId | null): Promise<void> {
    if (this.resting !== null) clearTimeout(this.resting);
    this.list.selected = id;
    if (this.open?.id === id) return;
    const left = this.open;
    this.open = id === null ? null : new OpenThread(id, this.host, this.unkept.get(id));
    const opened = this.open?.refresh();
    void this.open?.presence.refresh();
    if (left) await this.leave(left);
    await opened;
  }

  /** Tells the desk every word that it does not have yet. Throws the failure when that did not work. */
  async keepWords(): Promise<void> {
    const composers = [...this.unkept.values()];
    if (this.open && !this.unkept.has(this.open.id)) composers.push(this.open.composer);
    await Promise.all(composers.map((composer) => composer.flush()));
  }

  /** Signs out; nothing that was written may be lost by it. */
  async signOut(): Promise<void> {
    await this.keepWords();
    this.adopt(await this.call("sign_out"));
  }

  /** Opens the review room on a clip. What is being written is told to the desk first, because stills join it. */
  async review({ id, name }: Attachment, title: string): Promise<void> {
    await this.open?.composer.keep();
    this.clip = { id, name, title };
  }

  leaveReview(): void {
    this.clip = null;
    void this.open?.refresh();
  }

  /** Does something and says, where it did not work, why. */
  async attempt(deed: () => Promise<unknown>): Promise<boolean> {
    try {
      await deed();
      return true;
    } catch (thrown) {
      this.notices.fail(thrown);
      return false;
    }
  }

  /** Closes a conversation. Words that the desk does not take stay here, and are there when it is opened again. */
  private async leave(left: OpenThread): Promise<void> {
    const { id, composer } = left;
    this.unkept.set(id, composer);
    try {
      await left.close();
    } catch (thrown) {
      this.notices.warn(shell().unkept({ patient: left.thread?.patient.name ?? "", reason: failureOf(thrown).message }), {
        topic: `unkept ${id}`,
        undo: { label: shell().show, run: () => void this.show(id) },
      });
    }
    if (composer.isKept) this.unkept.delete(id);
  }

  private async askSettings(): Promise<void> {
    try {
      this.adoptSettings(await this.call("settings"));
    } catch {
      // Before sign-in there may be none; the system's language and theme do.
    }
  }
}
