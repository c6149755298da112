// The hands in the review room: keys, pointer, playback and capture become wishes, pictures become what is drawn.
//
// A step is asked for the moment its key goes down. A drag is asked for once per animation frame. Playback asks for
// the frame that is due, one at a time, so that a slow decoder shows fewer frames and never none. A hand that rests
// for 150 ms gets the exact frame at every pixel the zoom can show.

import type { AttachmentId, ConversationId, StagedFile } from "@limpet/shared/gen/wire";
import { ToneTables } from "./colour";
import type { Line } from "./frame-socket";
import { SQUARES_FROM, WHOLE, fitScale, placeOf, type Point, type Size } from "./geometry";
import type { Action } from "./keys";
import type { Painter } from "./painter";
import type { Picture } from "./picture";
import { ReviewState } from "./review-state.svelte";
import { Session, sentence, type Desk } from "./session.svelte";
import { w } from "./words";

const REST_MS = 150;
const NOTICE_MS = { done: 4000, trouble: 10_000 };
const PAN_SHARE = 0.1;

export type Notice = { kind: "done" | "trouble"; text: string };

export class Room {
  readonly state = new ReviewState();
  readonly session: Session;
  dragging = $state(false);
  capturing = $state(false);
  saving = $state(false);
  notice = $state.raw<Notice | null>(null);
  /** Stills in the reply, the composer's order. */
  stills = $state.raw<StagedFile[]>([]);
  /** Called after a picture was really drawn. */
  ondrawn: (picture: Picture) => void = () => undefined;

  private painter: Painter | null = null;
  private readonly tones = new ToneTables();
  private taken: Picture | null = null;
  private onGlass: Picture | null = null;
  private fresh = false;
  private scrub: number | null = null;
  private beatAt = 0;
  private restAt: ReturnType<typeof setTimeout> | undefined;
  private noticeAt: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly clip: AttachmentId,
    private readonly conversation: ConversationId,
    private readonly desk: Desk,
    dial?: (address: string) => Line,
  ) {
    this.session = new Session(
      clip,
      desk,
      {
        ready: (index, whole) => {
          // What has come goes by the numbers that were known then.
          if (this.fresh && this.state.clip) this.draw();
          const before = this.state.wanted;
          this.state.open(index, whole);
          const renumbered = this.state.wanted !== before;
          if (renumbered || (!this.state.settled && !this.session.waiting)) this.ask();
          this.touched();
        },
        arrived: (runs) => this.state.arrive(runs),
        tones: (tones) => {
          this.tones.learn(tones);
          this.beat();
        },
        picture: (picture) => {
          this.taken = picture;
          this.fresh = true;
          // Playback stood still while the bytes were missing.
          if (this.session.bytesMissing && picture.exact) this.setRate(this.state.rate);
          this.advance();
          this.beat();
        },
        stuck: () => this.state.goTo(this.state.frame),
      },
      dial,
    );
  }

  enter(): void {
    void this.session.open();
    void this.countStills();
  }

  leave(): void {
    this.state.freeze();
    cancelAnimationFrame(this.beatAt);
    clearTimeout(this.restAt);
    clearTimeout(this.noticeAt);
    this.painter?.dispose();
    this.painter = null;
    this.session.leave();
  }

  /** Gives the room something to draw with. */
  attach(painter: Painter | null): void {
    this.painter?.dispose();
    this.painter = painter;
    this.onGlass = null;
    this.draw();
  }

  resize(glass: Size): void {
    this.state.resize(glass);
    this.draw();
    this.touched();
  }

  /** Does what a key or a button asks for. `held` means a key that repeats by itself. */
  act(action: Action, held = false): void {
    const { state } = this;
    switch (action.do) {
      case "step":
        // A held key goes as fast as pictures come, so that letting go stops at what is seen.
        if (held && this.session.waiting) return;
        return this.hold(() => state.step(action.by));
      case "first":
        return this.hold(() => state.goTo(0));
      case "last":
        return this.hold(() => state.goTo(state.last));
      case "toggle":
        return state.playing ? this.freeze() : this.play(state.backward);
      case "freeze":
        return this.freeze();
      case "backward":
        return this.shuttle(true);
      case "forward":
        return this.shuttle(false);
      case "slower":
        return state.changeRate(-1, now());
      case "faster":
        return state.changeRate(1, now());
      case "zoom":
        return this.see(() => state.zoomStep(action.by));
      case "whole":
        return this.see(() => state.look(WHOLE));
      case "pan":
        return this.pan(action.x * state.glass.width * PAN_SHARE, action.y * state.glass.height * PAN_SHARE);
      case "markA":
        return state.mark("a");
      case "markB":
        return state.mark("b");
      case "clearMarks":
        return state.clearMarks();
      case "capture":
        return void this.capture();
    }
  }

  setRate(rate: number): void {
    this.state.setRate(rate, now());
  }

  zoom(factor: number, at: Point): void {
    this.see(() => this.state.zoom(factor, at));
  }

  toggleCloseUp(at: Point): void {
    this.see(() => this.state.toggleCloseUp(at));
  }

  pan(dx: number, dy: number): void {
    this.see(() => this.state.pan(dx, dy));
  }

  /** The hand on the timeline is here, 0 to 1. */
  scrubTo(share: number): void {
    this.dragging = true;
    this.scrub = share;
    this.beat();
  }

  scrubEnd(): void {
    if (!this.dragging) return;
    this.dragging = false;
    this.followHand();
    if (!this.state.settled) this.ask();
    this.touched();
  }

  async capture(): Promise<void> {
    if (this.capturing || this.session.phase.kind !== "open") return;
    this.freeze();
    const { drawn } = this.state;
    if (!drawn?.exact) return this.say({ kind: "trouble", text: w().notExactYet });
    this.capturing = true;
    try {
      const still = await this.desk.call("capture_still", { clip: this.clip, frame: drawn.frame });
      this.stills = [...this.stills.filter((one) => one.id !== still.id), still];
      if (drawn.hurt) this.say({ kind: "trouble", text: w().capturedDamaged });
      else this.say({ kind: "done", text: w().captured({ stills: this.stills.length }) });
    } catch (thrown) {
      this.say({ kind: "trouble", text: sentence(thrown) });
    } finally {
      this.capturing = false;
    }
  }

  private async countStills(): Promise<void> {
    try {
      const thread = await this.desk.call("open_conversation", this.conversation);
      this.stills = thread.draft.files.filter((file) => file.kind === "still");
    } catch {
      // The count starts at nothing; capturing works all the same and says so if it does not.
    }
  }

  /** Saves the original; the deed answers where it lies, or null when nobody wanted it. */
  async save(deed: () => Promise<string | null>): Promise<void> {
    if (this.saving) return;
    this.saving = true;
    try {
      const path = await deed();
      if (path !== null) this.say({ kind: "done", text: w().saved({ path }) });
    } catch (thrown) {
      this.say({ kind: "trouble", text: sentence(thrown) });
    } finally {
      this.saving = false;
    }
  }

  private say(notice: Notice): void {
    this.notice = notice;
    clearTimeout(this.noticeAt);
    this.noticeAt = setTimeout(() => (this.notice = null), NOTICE_MS[notice.kind]);
  }

  private play(backward: boolean): void {
    this.state.play(now(), backward);
    this.beat();
  }

  /** J and L: the other direction at once, the same direction faster. */
  private shuttle(backward: boolean): void {
    const { state } = this;
    if (state.playing && state.backward === backward) state.changeRate(1, now());
    else {
      this.freeze();
      this.play(backward);
    }
  }

  private freeze(): void {
    if (!this.state.playing) return;
    // A picture that has arrived is as good as seen.
    if (this.fresh) this.draw();
    this.state.freeze();
    this.session.forget();
    this.touched();
  }

  /** A change of the frame by hand: stops playback, asks at once. */
  private hold(change: () => void): void {
    this.freeze();
    const before = this.state.wanted;
    change();
    if (this.state.wanted !== before || !this.state.settled) this.ask();
    this.touched();
  }

  /** A change of the view. */
  private see(change: () => void): void {
    if (!this.state.clip) return;
    change();
    this.fresh = true;
    this.beat();
    this.touched();
  }

  private ask(how = { atRest: false, nearFirst: false }): void {
    this.session.show(this.state.wish(how));
  }

  private touched(): void {
    clearTimeout(this.restAt);
    this.restAt = setTimeout(() => this.rested(), REST_MS);
  }

  private rested(): void {
    if (this.state.playing || this.session.phase.kind !== "open" || !this.state.couldBeBetter) return;
    if (this.session.waiting) this.touched();
    else if (this.session.trouble === null) this.ask({ atRest: true, nearFirst: false });
  }

  private beat(): void {
    this.beatAt ||= requestAnimationFrame(() => {
      this.beatAt = 0;
      this.followHand();
      this.advance();
      if (this.fresh) this.draw();
      if (this.state.playing) this.beat();
    });
  }

  private followHand(): void {
    if (this.scrub === null) return;
    const frame = this.state.frameAtShare(this.scrub);
    this.scrub = null;
    this.freeze();
    if (frame === this.state.wanted) return;
    this.state.goTo(frame);
    this.ask({ atRest: false, nearFirst: this.dragging });
    this.touched();
  }

  private advance(): void {
    const { state } = this;
    if (!state.playing || this.session.waiting) return;
    state.tick(now());
    const onItsWay = this.fresh ? this.taken?.frame : state.drawn?.frame;
    if (state.wanted !== onItsWay) this.ask();
    if (!state.playing) this.touched();
  }

  private draw(): void {
    const { painter, taken, state } = this;
    if (!painter || !taken || state.glass.width === 0) return;
    const tones = this.tones.of(taken);
    // What its colours mean is not known yet; it is drawn when that has come.
    if (tones === undefined) return;
    const isNew = this.onGlass !== taken;
    if (isNew) painter.take(taken, tones);
    state.foresee(taken);
    const scale = fitScale(state.upright, state.glass) * state.view.zoom;
    const isFull = state.clip !== null && taken.width >= state.clip.width;
    painter.draw(placeOf(state.upright, state.glass, state.view), isFull && scale >= SQUARES_FROM);
    this.fresh = false;
    if (!isNew) return;
    this.onGlass = taken;
    const { frame, exact, hurt, generation, width, height } = taken;
    state.drawn = { frame, exact, hurt, generation, width, height };
    this.ondrawn(taken);
  }
}

const now = () => performance.now();
