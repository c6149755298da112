// One stay in the review room: the clip is opened, its decoder child answers, may die and is opened again, and is
// let go of at the end. Knows the way to the child, not what is asked of it.
//
// A clip that kills its decoder is opened again by itself, at the frame that was wanted. Where the next one dies too,
// before it has served for a minute, a person decides, and starts from the last frame that could be shown. A clip that
// cannot be opened says why, and is not tried again by itself.

import type { Host } from "@limpet/shared/host/host";
import type { Attachment, AttachmentId, Calls, ClipIndex, ReviewRoom } from "@limpet/shared/gen/wire";
import type { Run } from "./arrived";
import { sentence } from "./failures";
import { FrameSocket, type Hears, type Line, type Tones, type Wish } from "./frame-socket";
import type { Picture } from "./picture";
import { inTurn, outOfTurn } from "./turns";
import { w } from "./words";

/** A decoder that has served for so long did not die of what the one before died of. */
const TRUSTED_AFTER_MS = 60_000;

/** What the room needs of the desk. */
export interface Desk {
  call<N extends keyof Calls>(name: N, args: Calls[N][0]): Promise<Calls[N][1]>;
  host(): Promise<Pick<Host, "listen" | "mediaUrl">>;
}

export type Phase =
  | { kind: "opening"; share: number | null }
  | { kind: "open" }
  | { kind: "reopening" }
  | { kind: "failed"; message: string; died: boolean };

export interface SessionHears {
  /** Comes again whenever more is known of a clip that still arrives. */
  ready(clip: ClipIndex, whole: boolean): void;
  arrived(runs: Run[]): void;
  tones(tones: Tones): void;
  picture(picture: Picture): void;
  brought(picture: Picture): void;
  /** The bytes of the newest wish have not arrived. */
  bytesMissing(): void;
  /** The decoder died, and whatever else was going on in its room. */
  gone(): void;
  /** The decoder died a second time; what was wanted may be what kills it. */
  stuck(): void;
}

export class Session {
  phase = $state.raw<Phase>({ kind: "opening", share: null });
  /** A sentence about a frame that could not be shown. */
  trouble = $state<string | null>(null);
  /** Whether the bytes of the newest wish have still to arrive. */
  bytesMissing = $state(false);
  attachment = $state.raw<Attachment | null>(null);
  private progress = $state.raw({ sent: 0, total: 0 });
  /** How much of the clip is on this computer, 0 to 1, as far as the desk has said. */
  readonly share = $derived(this.isOfClip(this.progress.total) ? this.progress.sent / this.progress.total : null);
  private socket: FrameSocket | null = null;
  private address = "";
  private generation = 0;
  private visit = 0;
  private hasReopened = false;
  /** When the decoder was ready; null before. */
  private readyAt: number | null = null;
  /** Since when it has not answered what it was asked; null when it has. */
  private owesSince: number | null = null;
  private unlisten: (() => void) | null = null;

  constructor(
    readonly clip: AttachmentId,
    private readonly desk: Desk,
    private readonly hears: SessionHears,
    private readonly dial?: (address: string) => Line,
  ) {}

  /** Whether the newest wish has not been answered. Without a line nothing is. */
  get waiting(): boolean {
    return this.socket?.waiting ?? true;
  }

  async open(): Promise<void> {
    const visit = ++this.visit;
    if (this.phase.kind !== "reopening") this.phase = { kind: "opening", share: null };
    this.trouble = null;
    this.hearProgress(visit);
    try {
      const room = await this.askForRoom(visit);
      if (room && visit === this.visit) this.connect(room);
    } catch (thrown) {
      if (visit === this.visit) this.phase = { kind: "failed", message: sentence(thrown, "open"), died: false };
    }
  }

  /** After a failure, because a person said so. */
  async again(): Promise<void> {
    this.phase = { kind: "opening", share: null };
    this.letGo();
    await this.open();
  }

  /** Asks for a picture. Answers the wish's generation; null without a line. */
  show(wish: Wish): number | null {
    this.owesSince ??= now();
    this.bytesMissing = false;
    return this.socket?.show(wish) ?? null;
  }

  /**
   * Says what is shown now without having been asked for. Answers its generation; null without a line. What the decoder
   * owes it goes on owing: it may hang all the same.
   */
  see(wish: Wish): number | null {
    this.trouble = null;
    this.bytesMissing = false;
    return this.socket?.see(wish) ?? null;
  }

  bring(wish: Wish): void {
    this.socket?.bring(wish);
  }

  forget(): void {
    this.socket?.forget();
    this.settle();
  }

  leave(): void {
    this.hangUp();
    this.unlisten?.();
    this.unlisten = null;
    this.letGo();
  }

  private connect(room: ReviewRoom): void {
    this.attachment = room.clip;
    this.address = room.socket;
    this.readyAt = this.owesSince = null;
    const hears: Hears = {
      ready: (clip, whole) => {
        this.readyAt ??= now();
        if (this.phase.kind !== "open") this.phase = { kind: "open" };
        this.hears.ready(clip, whole);
      },
      arrived: (runs) => this.hears.arrived(runs),
      tones: (tones) => this.hears.tones(tones),
      picture: (picture) => {
        this.trouble = null;
        this.hears.picture(picture);
        this.settle();
      },
      brought: (picture) => {
        this.hears.brought(picture);
        this.settle();
      },
      bytesMissing: () => {
        this.bytesMissing = true;
        this.hears.bytesMissing();
      },
      failed: (failure) => {
        this.trouble = sentence(failure, "show");
        this.settle();
      },
      refused: (failure) => this.refused(sentence(failure, "open")),
      doubted: () => void this.lookForChild(),
      lost: () => void this.died(),
    };
    this.socket = new FrameSocket(room.socket, hears, this.generation, this.dial);
  }

  private refused(message: string): void {
    this.hangUp();
    this.letGo();
    this.phase = { kind: "failed", message, died: false };
  }

  /** Opening what is open answers where it is. Another address is that of another child: the one before has died. */
  private async lookForChild(): Promise<void> {
    const { visit, socket } = this;
    try {
      const room = await this.askForRoom(visit);
      if (room && visit === this.visit && socket === this.socket && room.socket !== this.address) await this.died(room);
    } catch {
      // The line goes on trying. When it is lost the clip is opened again, and that says why it cannot be.
    }
  }

  /** The next child may be there already. */
  private async died(next: ReviewRoom | null = null): Promise<void> {
    const trusted = this.servedFor >= TRUSTED_AFTER_MS;
    this.hangUp();
    this.hears.gone();
    this.trouble = null;
    if (this.hasReopened && !trusted) {
      this.letGo();
      this.hears.stuck();
      this.phase = { kind: "failed", message: w().diedTwice, died: true };
      return;
    }
    this.hasReopened = true;
    this.phase = { kind: "reopening" };
    if (next) return this.connect(next);
    this.letGo();
    await this.open();
  }

  /** How long the decoder did what it was asked. While it hangs it does nothing, however long that takes. */
  private get servedFor(): number {
    return this.readyAt === null ? 0 : (this.owesSince ?? now()) - this.readyAt;
  }

  /** Nothing is missing, and nothing owed, once the newest wish has been answered. */
  private settle(): void {
    if (this.waiting) return;
    this.bytesMissing = false;
    this.owesSince = null;
  }

  private hangUp(): void {
    this.bytesMissing = false;
    if (!this.socket) return;
    this.generation = this.socket.generation;
    this.socket.close();
    this.socket = null;
  }

  /** Has the desk open the clip's room, or find it open. Null for a visit that is over. */
  private askForRoom(visit: number): Promise<ReviewRoom | null> {
    return inTurn(this.clip, async () => {
      if (visit !== this.visit) return null;
      const room = await this.desk.call("open_review", this.clip);
      if (visit === this.visit) return room;
      // The desk may have heard that it is to close the room before it heard that it is to open it.
      await this.desk.call("close_review", this.clip).catch(() => undefined);
      return null;
    });
  }

  /**
   * Ends the visit and has the desk let the child go: at once, since a room that opens may wait for bytes of the clip
   * for as long as they take. That it was gone already is no news.
   */
  private letGo(): void {
    this.visit += 1;
    outOfTurn(this.clip, () => this.desk.call("close_review", this.clip)).catch(() => undefined);
  }

  private hearProgress(visit: number): void {
    if (this.unlisten) return;
    void this.desk.host().then((host) => {
      if (visit !== this.visit || this.unlisten) return;
      this.unlisten = host.listen((event) => {
        if (event.kind !== "progress" || event.attachment !== this.clip) return;
        if (this.phase.kind === "opening") {
          this.phase = { kind: "opening", share: event.total > 0 ? event.sent / event.total : null };
        }
        if (!this.attachment || this.isOfClip(event.total)) this.progress = event;
      });
    });
  }

  /** Whether so many bytes are those of the clip. Its poster is fetched under the same name, and is not meant. */
  private isOfClip(total: number): boolean {
    return total > 0 && total === this.attachment?.bytes;
  }
}

const now = () => performance.now();
