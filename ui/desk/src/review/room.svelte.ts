// The hands in the review room: keys and pointer become wishes, pictures become what is drawn.
//
// A step is asked for the moment its key goes down, or drawn without asking; a drag, once per animation frame. What
// plays is in `playing`, what is asked for in `asking`, what is here before it is wanted in `neighbours`, what reaches
// the glass in `showing`, what is taken out of the room in `keeping`.

import type { AttachmentId, ConversationId } from "@limpet/shared/gen/wire";
import { Asking } from "./asking";
import type { Line } from "./frame-socket";
import { WHOLE, type Point, type Size } from "./geometry";
import { Keeping } from "./keeping.svelte";
import { repeats, type Action } from "./keys";
import { Neighbours } from "./neighbours";
import { Notices } from "./notices.svelte";
import type { Painter } from "./painter";
import { Playing } from "./playing";
import { ReviewState } from "./review-state.svelte";
import { Session, type Desk, type SessionHears } from "./session.svelte";
import { Showing } from "./showing";

const PAN_SHARE = 0.1;

export class Room {
  readonly state = new ReviewState();
  readonly notices = new Notices();
  readonly showing = new Showing(this.state);
  readonly session: Session;
  readonly neighbours: Neighbours;
  readonly asking: Asking;
  readonly playing: Playing;
  readonly keeping: Keeping;
  dragging = $state(false);
  private scrub: number | null = null;
  private beatAt = 0;
  /** Something was to be drawn since the last animation frame: nobody has seen it yet. */
  private drew = false;
  /** The last step was one of a key that is held down: it comes again before the next frame could be brought. */
  private repeats = false;

  constructor(clip: AttachmentId, conversation: ConversationId, desk: Desk, dial?: (address: string) => Line) {
    this.session = new Session(clip, desk, this.ears(), dial);
    this.neighbours = new Neighbours(this.state, this.session);
    this.asking = new Asking(this.state, this.session, this.neighbours, () => {
      this.repeats = false;
      this.beat();
    });
    this.playing = new Playing(clip, desk, this);
    this.keeping = new Keeping(clip, conversation, desk, this.notices);
  }

  enter(): void {
    this.playing.sound.enter();
    void this.session.open();
    void this.keeping.countStills();
  }

  leave(): void {
    this.state.freeze();
    this.playing.sound.leave();
    cancelAnimationFrame(this.beatAt);
    this.asking.leave();
    this.notices.leave();
    this.showing.leave();
    this.session.leave();
  }

  attach(painter: Painter | null): void {
    this.showing.attach(painter);
  }

  resize(glass: Size): void {
    this.state.resize(glass);
    this.showing.draw();
    this.asking.touched();
  }

  /** Does what a key or a button asks for. `held` means a key that repeats by itself. */
  act(action: Action, held = false): void {
    if (held && !repeats(action)) return;
    const { state, playing } = this;
    switch (action.do) {
      case "step":
        // A held key goes as fast as pictures come and are seen, so that letting go stops at what is seen.
        if (held && (this.session.waiting || this.drew)) return;
        this.repeats = held;
        return this.hold(() => state.step(action.by));
      case "first":
        return this.hold(() => state.goTo(0));
      case "last":
        return this.hold(() => state.goTo(state.last));
      case "toggle":
        return playing.toggle();
      case "freeze":
        return playing.freeze();
      case "backward":
        return playing.shuttle(true);
      case "forward":
        return playing.shuttle(false);
      case "slower":
        return playing.alter(() => state.changeRate(-1, now()));
      case "faster":
        return playing.alter(() => state.changeRate(1, now()));
      case "mute":
        return playing.toggleMute();
      case "zoom":
        return this.see(() => state.zoomStep(action.by));
      case "whole":
        return this.see(() => state.look(WHOLE));
      case "pan":
        return this.pan(action.x * state.glass.width * PAN_SHARE, action.y * state.glass.height * PAN_SHARE);
      case "markA":
        return playing.alter(() => state.mark("a"));
      case "markB":
        return playing.alter(() => state.mark("b"));
      case "clearMarks":
        return playing.alter(() => state.clearMarks());
      case "capture":
        return void this.capture();
    }
  }

  setRate(rate: number): void {
    this.playing.alter(() => this.state.setRate(rate, now()));
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
    if (!this.state.settled) this.asking.ask();
    this.asking.touched();
  }

  async capture(): Promise<void> {
    if (this.keeping.capturing || this.session.phase.kind !== "open") return;
    this.playing.giveWay();
    await this.keeping.capture(this.state.drawn);
  }

  /** Has the next animation frame look at the hand, at what plays and at what has come. */
  beat(): void {
    this.beatAt ||= requestAnimationFrame(() => {
      this.beatAt = 0;
      const shows = this.drew;
      this.drew = false;
      this.followHand();
      this.playing.advance();
      this.showing.catchUp();
      // What is brought ahead must not be in the way of what is just being shown.
      if (!shows && !this.dragging && !this.repeats) this.neighbours.fetch();
      if (shows || this.state.playing) this.beat();
    });
  }

  /** What the session says. */
  private ears(): SessionHears {
    const { state, showing } = this;
    return {
      ready: (index, whole) => {
        // What has come goes by the numbers that were known then.
        if (state.clip) showing.catchUp();
        const before = state.wanted;
        this.neighbours.forget();
        state.open(index, whole);
        const renumbered = state.wanted !== before;
        if (renumbered || (!state.settled && !this.session.waiting)) this.asking.ask();
        this.asking.touched();
        this.playing.playOn();
      },
      arrived: (runs) => state.arrive(runs),
      tones: (tones) => {
        showing.learn(tones);
        this.beat();
      },
      picture: (picture) => {
        showing.take(picture);
        this.neighbours.keep(picture);
        this.playing.took();
        this.draw();
      },
      brought: (picture) => this.neighbours.take(picture),
      bytesMissing: () => this.playing.standStill(),
      gone: () => this.playing.breakOff(),
      stuck: () => {
        this.playing.giveUp();
        state.goTo(state.frame);
      },
    };
  }

  /** A change of the frame by hand: stops playback, asks at once for what is not here. */
  private hold(change: () => void): void {
    this.playing.giveWay();
    const before = this.state.wanted;
    change();
    if (this.state.wanted !== before || !this.state.settled) this.want();
    this.asking.touched();
  }

  private want(): void {
    const picture = this.asking.have();
    if (!picture) return this.asking.ask();
    this.showing.take(picture);
    this.draw();
  }

  /** What has come is drawn at once, so that it is done by the next animation frame; more that comes until then, with it. */
  private draw(): void {
    if (!this.drew) this.showing.catchUp();
    this.drew = true;
    this.beat();
  }

  /** A change of the view. */
  private see(change: () => void): void {
    if (!this.state.clip) return;
    change();
    this.showing.change();
    this.beat();
    this.asking.touched();
  }

  private followHand(): void {
    if (this.scrub === null) return;
    const frame = this.state.frameAtShare(this.scrub);
    this.scrub = null;
    this.playing.giveWay();
    if (frame === this.state.wanted) return;
    this.state.goTo(frame);
    this.asking.ask({ atRest: false, nearFirst: this.dragging });
    this.asking.touched();
  }
}

const now = () => performance.now();
