// The owner app without its looks: who is in, what the thread holds, whether the practice can be reached. Joins the
// feed, the outbox and the line to the server; components only read from here and call its verbs.

import type { Conversation, ConversationId, Millis } from "@limpet/shared/gen/wire";
import { Drafts } from "../compose/drafts.svelte";
import type { Staged } from "../compose/staged.svelte";
import { Answer } from "../consent/answer.svelte";
import { toBeAsked } from "../consent/text";
import { readFeed } from "../feed/feed";
import { lostIn } from "../feed/lost";
import { merge, seenIn, type Thing, type Things, thingsOf, unseenUpTo, type View, viewOf } from "../feed/things";
import { ask, NotDone, notDone, ours, speakFor } from "../net/ask";
import { Live } from "../net/live";
import type { Chosen, Outbox } from "../outbox/box.svelte";
import { mediaUrl } from "../thread/picture";
import { Presence } from "../thread/presence.svelte";
import { needsSomebody, threadOf } from "../thread/rows";
import { type Arrival, arrive, invitationIn, realDoors, recall, remember, type Remembered } from "./arrive";
import { Desk } from "./desk";

export type Place = { is: "opening" } | { is: "thread" } | Extract<Arrival, { is: "shut" }>;

/** Whether the practice can be reached: `away` is our connection or its server, as far as one can tell. */
export type Reach = "here" | "no-signal" | "away";

/** A second end of the session within this time means that opening the link does not help. */
const TOO_SOON = 10_000;
const RETRY = 5_000;

const EMPTY = viewOf(thingsOf([]));

export class Owner {
  place: Place = $state.raw({ is: "opening" });
  reach: Reach = $state(navigator.onLine ? "here" : "no-signal");
  view: View = $state.raw(EMPTY);
  box: Outbox | null = $state.raw(null);
  chosen: ConversationId = $state("");
  /** Whether there is anything to show yet. */
  loaded = $state(false);
  /** Whether what waits to be sent survives closing the page. */
  lasting = $state(true);
  practice = $state("");
  phone = $state("");
  /** The latest answers, for a screen reader to say. */
  said: Thing[] = $state.raw([]);

  readonly conversation: Conversation | null = $derived(
    this.view.conversations.find(({ id }) => id === this.chosen) ?? this.view.conversations[0] ?? null,
  );
  /** What the practice asks consent to and this client has not answered. */
  readonly asked = $derived.by(() => {
    const text = toBeAsked(this.view);
    return text?.version === this.answer?.version ? null : text;
  });
  readonly thread = $derived(threadOf(this.view, this.box?.entries ?? [], this.conversation?.id ?? this.chosen));

  private answer: Answer | null = $state.raw(null);
  private desk: Desk | null = null;
  readonly presence = new Presence();
  private readonly live = new Live(
    () => void this.sync(),
    () => {
      this.presence.forget();
      void this.sync();
    },
    (told) => this.presence.hear(told),
  );
  private syncing = false;
  private syncAgain = false;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private enteredAt = -TOO_SOON;
  private entering = false;
  /** Whether the session has answered since. */
  private answered = false;
  /** The session is not this client's: nothing is asked until the page has come in again. */
  private outside = false;
  /** How far each conversation has been read, as the practice was told. */
  private readMarks: Record<ConversationId, Millis> = {};
  readonly drafts = new Drafts();
  /** Whether it is this window's turn to send. */
  private mayDrain = false;

  /** Comes in by the page's address; also tried again after a failure. */
  async enter(known: Remembered | null = recall(), invitation = invitationIn(location.pathname)): Promise<void> {
    if (this.entering) return;
    this.entering = true;
    this.enteredAt = performance.now();
    this.answered = false;
    this.outside = false;
    clearTimeout(this.retry);
    try {
      const arrival = await arrive(invitation, known, realDoors);
      if (arrival.is === "shut") {
        this.place = arrival;
        this.practice ||= known?.practice ?? "";
        this.phone ||= known?.phone ?? "";
        return;
      }
      remember(arrival.session);
      if (this.desk?.session.client !== arrival.session.client) await this.moveTo(arrival.session);
    } finally {
      this.entering = false;
    }
    await this.settleIn();
  }

  /** What is being written in the conversation that is shown. It stays while others are looked at. */
  get staged(): Staged {
    const conversation = this.conversation?.id ?? this.chosen;
    return this.drafts.of(conversation);
  }

  /** Shows another conversation. */
  choose(conversation: ConversationId): void {
    this.chosen = conversation;
    this.keepSession({ conversation });
  }

  /** Says what the client says to the text that is asked. */
  consent(given: boolean): void {
    if (this.asked) this.answer?.give(this.asked.version, given);
  }

  /** Sends a message; it is kept on this device when this answers. */
  async send(body: string, files: readonly Chosen[]): Promise<void> {
    const { desk, conversation } = this;
    if (!desk) return;
    this.drafts.lost = [];
    await desk.box.add(conversation?.id ?? this.chosen, body, files);
    desk.turn.take();
    desk.drain.wake();
  }

  async cancel(message: string, file: string): Promise<void> {
    const desk = this.desk;
    if (!desk) return;
    desk.turn.take();
    await desk.box.cancel(message, file);
    desk.drain.interrupt(file);
    desk.drain.wake();
  }

  /** Sends a refused message, or one of its files, again. False: this device no longer has the file. */
  async again(message: string, file: string | null): Promise<boolean> {
    const desk = this.desk;
    if (!desk) return false;
    desk.turn.take();
    const sent = await desk.box.again(message, file);
    desk.drain.wake();
    return sent;
  }

  async dismiss(message: string, file: string | null): Promise<void> {
    const desk = this.desk;
    if (!desk) return;
    desk.turn.take();
    await desk.box.dismiss(message, file);
    desk.drain.wake();
  }

  /** A file that this device still holds, for showing it. */
  file(id: string): Promise<Blob | undefined> {
    return this.desk?.store.file(id) ?? Promise.resolve(undefined);
  }

  /** Keeps a picture of the thread that has just been shown, for reading without a connection. */
  async keep(id: string): Promise<void> {
    const store = this.desk?.store;
    try {
      if (!store?.lasting || (await store.picture(id))) return;
      const answer = await fetch(mediaUrl(id, "poster"), { headers: ours() });
      if (answer.ok) await store.savePicture(id, await answer.blob());
    } catch {
      // No room or no connection: then it is shown from the server alone.
    }
  }

  /** A picture of the thread as this device keeps it. */
  kept(id: string): Promise<Blob | undefined> {
    return this.desk?.store.picture(id).catch(() => undefined) ?? Promise.resolve(undefined);
  }

  /** Somebody looks at the page: take over the sending, and no more waiting. */
  lookedAt(): void {
    this.desk?.turn.take();
    this.enteredAt = -TOO_SOON;
    if (this.outside) void this.enterAgain();
    else this.connected();
  }

  /** The phone says that it has a connection. */
  connected(): void {
    if (this.reach === "no-signal" && navigator.onLine) this.reach = "here";
    if (this.place.is === "shut" && this.place.why === "not-reached") void this.enter();
    if (!this.desk || this.place.is !== "thread" || this.outside) return;
    this.live.ensure();
    void this.sync();
    void this.resume();
  }

  /** The phone says that it has none. */
  disconnected(): void {
    this.reach = "no-signal";
    this.desk?.drain.stop();
  }

  /** Takes down what has been seen on this screen, and tells the practice. */
  async seen(): Promise<void> {
    const { conversation, desk } = this;
    if (this.outside || this.entering) return;
    const rows = this.thread.rows.filter((row) => row.is === "words");
    void desk?.box.shown(rows.filter(needsSomebody).map(({ key }) => key));
    const at = conversation && unseenUpTo(this.view, conversation);
    if (!conversation || at === null || this.reach !== "here") return;
    if (at <= (this.readMarks[conversation.id] ?? 0)) return;
    this.readMarks[conversation.id] = at;
    try {
      await ask("POST", `/v1/conversations/${conversation.id}/read`, { at });
    } catch (thrown) {
      if (this.desk !== desk) return;
      delete this.readMarks[conversation.id];
      if (notDone(thrown).status === 401) this.signedOut();
    }
  }

  private async settleIn(): Promise<void> {
    this.place = { is: "thread" };
    this.live.open();
    if (document.visibilityState === "visible") this.desk?.turn.take();
    else this.desk?.turn.wait();
    await Promise.all([this.sync(), this.resume()]);
    if (document.visibilityState === "visible") void this.seen();
  }

  /** Opens what this device keeps of a client. */
  private async moveTo(session: Remembered): Promise<void> {
    this.leave();
    speakFor(session.client);
    const desk = await Desk.open(session, {
      reached: (yes) => this.reached(yes),
      signedOut: (box) => this.box === box && this.signedOut(),
      taken: () => void this.sync(),
      turned: (ours) => {
        if (ours) void this.resume(true);
        else this.mayDrain = false;
      },
      changed: () => void this.reload(),
    });
    this.desk = desk;
    this.box = desk.box;
    this.lasting = desk.store.lasting;
    this.view = viewOf(desk.things);
    this.answer = new Answer(session.client);
    this.loaded = desk.things.size > 0;
    this.chosen = session.conversation;
    this.practice = this.view.practice?.name ?? session.practice;
    this.phone = this.view.practice?.phone ?? session.phone;
  }

  private leave(): void {
    this.live.close();
    this.presence.look(null);
    this.presence.forget();
    this.desk?.close();
    this.desk = null;
    this.readMarks = {};
    this.mayDrain = false;
  }

  /** Goes on sending, when it is this window's turn and there may be a connection. */
  private async resume(turn = false): Promise<void> {
    const desk = this.desk;
    if (turn) this.mayDrain = true;
    if (!desk || !this.mayDrain || !navigator.onLine || this.outside) return;
    if (turn) await this.reload();
    await desk.box.hurry();
    desk.drain.start();
  }

  /** Another window changed the outbox. */
  private async reload(): Promise<void> {
    await this.desk?.box.reload();
    this.desk?.drain.wake();
  }

  /** Reads the feed to its end; asked again meanwhile, reads once more. */
  private async sync(): Promise<void> {
    this.syncAgain = true;
    if (this.syncing || this.outside) return;
    this.syncing = true;
    clearTimeout(this.retry);
    try {
      while (this.syncAgain && this.desk) {
        this.syncAgain = false;
        await this.readOnce(this.desk);
      }
    } finally {
      this.syncing = false;
    }
  }

  private async readOnce(desk: Desk): Promise<void> {
    try {
      await this.readToEnd(desk);
    } catch (thrown) {
      // It was asked for a client who has been left since, or before something changed: the next answer counts.
      if (this.desk !== desk || this.syncAgain) return;
      this.failed(notDone(thrown));
    }
  }

  private async readToEnd(desk: Desk): Promise<void> {
    const first = !this.loaded;
    let before: Things | null = null;
    for await (const page of readFeed(desk.revision, desk.epoch)) {
      if (this.desk !== desk) return;
      this.answered = true;
      if (page.restart) {
        before = desk.things;
        await desk.store.forgetThings();
        desk.things = thingsOf([]);
      }
      const { things, news } = merge(desk.things, page.changes);
      await desk.store.saveThings(news, page).catch(() => undefined);
      desk.things = things;
      desk.revision = page.revision;
      desk.epoch = page.epoch;
      if (this.desk !== desk) return;
      if (news.length > 0) this.view = viewOf(things);
      // Kept until the next answer: a screen reader may be in the middle of it.
      const answers = news.filter(({ entity }) => entity.kind === "message" && entity.state.author.kind === "staff");
      if (!first && answers.length > 0) this.said = answers;
    }
    this.reached(true);
    this.loaded = true;
    const known = this.view.conversations.map(({ id }) => id);
    if (before) this.drafts.putBack(lostIn(before, desk.things), known, this.conversation?.id ?? this.chosen);
    const { practice } = this.view;
    if (practice) {
      this.practice = practice.name;
      this.phone = practice.phone;
      this.keepSession({ practice: practice.name, phone: practice.phone });
    }
    this.answer?.taken(this.view.answered);
    void this.answer?.tell();
    await this.settleOutbox(desk);
  }

  private async settleOutbox(desk: Desk): Promise<void> {
    if (!this.mayDrain) return;
    const seen = seenIn(this.view);
    await desk.box.settle(seen.message, seen.attachment);
    // What ran out of time goes again.
    desk.drain.wake();
  }

  private failed(refused: NotDone): void {
    if (refused.status === 401) return this.signedOut();
    this.reached(false);
    this.retry = setTimeout(() => void this.sync(), RETRY);
  }

  private reached(yes: boolean): void {
    const back = yes && this.reach !== "here";
    this.reach = yes ? "here" : navigator.onLine ? "away" : "no-signal";
    // What paused because nobody answered need not pause any longer.
    if (back) void this.resume();
  }

  /** The session is over, or another client's link has taken its place in this browser. Nothing that waits is lost. */
  private signedOut(): void {
    if (this.entering || this.outside) return;
    this.live.close();
    this.desk?.drain.stop();
    const soon = performance.now() - this.enteredAt < TOO_SOON;
    if (soon && !this.answered) {
      this.place = { is: "shut", why: "expired", instead: null };
      return;
    }
    // Two pages must not wrestle for the session: one that is hidden waits until it is looked at, one that has just
    // come in waits a little.
    this.outside = true;
    if (document.visibilityState === "hidden") return;
    this.retry = setTimeout(() => void this.enterAgain(), soon ? TOO_SOON : 0);
  }

  private enterAgain(): Promise<void> {
    const known = this.desk?.session ?? null;
    return this.enter(known, invitationIn(location.pathname) || known?.invitation);
  }

  private keepSession(change: Partial<Remembered>): void {
    const known = this.desk?.session;
    if (!known) return;
    Object.assign(known, change);
    remember(known);
  }
}
