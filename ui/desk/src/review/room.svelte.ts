// The hands in the review room: keys, pointer, playback and capture become wishes, pictures become what is drawn.
// Forwards the sound leads: the frame that is asked for is the one that is due when it will be drawn.
//
// A step is asked for the moment its key goes down. A drag is asked for once per animation frame. Playback asks for
// the frame that is due, one at a time, so that a slow decoder shows fewer frames and never none. A hand that rests
// for 150 ms gets the exact frame at every pixel the zoom can show.

import type { AttachmentId, ConversationId, SoundClock, StagedFile } from "@limpet/shared/gen/wire";
import { ToneTables } from "./colour";
import type { Line } from "./frame-socket";
import { SQUARES_FROM, WHOLE, fitScale, placeOf, type Point, type Size } from "./geometry";
import { repeats, type Action } from "./keys";
import type { Painter } from "./painter";
import type { Picture } from "./picture";
import { ReviewState } from "./review-state.svelte";
import { Session, sentence, type Desk } from "./session.svelte";
import { Sound, type DeviceSilence } from "./sound.svelte";
import { frameAt } from "./times";
import { w } from "./words";

const REST_MS = 150;
const NOTICE_MS = { done: 4000, news: 6000, trouble: 10_000 };
/** Longest that a picture is asked for ahead of its time. */
const MOST_AHEAD_MS = 150;
const PAN_SHARE = 0.1;

export type Notice = { kind: "done" | "news" | "trouble"; text: string };

export class Room {
  readonly state = new ReviewState();
  readonly session: Session;
  readonly sound: Sound;
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
  /** Playback stands still: the bytes of the frame that is due have not arrived. */
  private stands = false;
  /** Which way it played when its decoder died: so it goes on once there is another one. */
  private brokeOff: { backward: boolean } | null = null;
  /** Counts what hands do: what the sound answers after the next deed moves nothing any more. */
  private deeds = 0;
  /** When a picture was asked for last, and how long one takes while playing. */
  private askedAt = 0;
  private takes = 0;
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
          this.playOn();
        },
        arrived: (runs) => this.state.arrive(runs),
        tones: (tones) => {
          this.tones.learn(tones);
          this.beat();
        },
        picture: (picture) => {
          this.taken = picture;
          this.fresh = true;
          if (this.state.playing && !this.stands) this.takes += (now() - this.askedAt - this.takes) / 4;
          this.advance();
          this.beat();
        },
        bytesMissing: () => this.standStill(),
        gone: () => this.breakOff(),
        stuck: () => {
          this.brokeOff = null;
          this.state.goTo(this.state.frame);
        },
      },
      dial,
    );
    this.sound = new Sound(clip, desk, {
      at: (clock) => this.followSound(clock),
      alone: () => this.state.alone(now()),
      silent: (why) => this.say({ kind: "news", text: silentWords(why) }),
    });
  }

  /** Whether the clip has sound, as far as is known. */
  get hasSound(): boolean {
    return this.session.attachment?.clip?.audio !== false && this.sound.silent !== "no_sound";
  }

  enter(): void {
    this.sound.enter();
    void this.session.open();
    void this.countStills();
  }

  leave(): void {
    this.state.freeze();
    this.sound.leave();
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
    if (held && !repeats(action)) return;
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
        return this.alter(() => state.changeRate(-1, now()));
      case "faster":
        return this.alter(() => state.changeRate(1, now()));
      case "mute":
        return this.hasSound ? this.sound.toggleMute() : this.say({ kind: "news", text: w().noSound });
      case "zoom":
        return this.see(() => state.zoomStep(action.by));
      case "whole":
        return this.see(() => state.look(WHOLE));
      case "pan":
        return this.pan(action.x * state.glass.width * PAN_SHARE, action.y * state.glass.height * PAN_SHARE);
      case "markA":
        return this.alter(() => state.mark("a"));
      case "markB":
        return this.alter(() => state.mark("b"));
      case "clearMarks":
        return this.alter(() => state.clearMarks());
      case "capture":
        return void this.capture();
    }
  }

  setRate(rate: number): void {
    this.alter(() => this.state.setRate(rate, now()));
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
    this.deeds += 1;
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
    const { state } = this;
    const led = !backward && this.hasSound;
    const before = state.wanted;
    this.deeds += 1;
    state.play(now(), backward, led);
    if (state.wanted !== before) this.ask();
    this.stands = this.session.bytesMissing;
    if (!this.stands) this.startSound(led);
    this.beat();
  }

  /** From the wanted frame, where it is to lead. */
  private startSound(led: boolean): void {
    const { state } = this;
    if (led && state.playing) this.sound.play({ ...this.tune(), from: state.timeOf(state.wanted) });
  }

  /** Sound does not run ahead into a hole of a clip that still arrives. */
  private standStill(): void {
    if (!this.state.playing || this.stands) return;
    this.stands = true;
    void this.sound.stop();
  }

  /** What was waited for has come, or never will. */
  private goOn(): void {
    const { state } = this;
    const led = !state.backward && this.hasSound;
    this.stands = false;
    state.goOn(now(), led);
    this.startSound(led);
  }

  /** The decoder died. However long it takes to have another one: what is on the glass is where it goes on. */
  private breakOff(): void {
    const { playing, backward } = this.state;
    if (this.fresh) this.draw();
    this.brokeOff = playing ? { backward } : null;
    this.state.freeze();
    this.sound.over();
  }

  private playOn(): void {
    const before = this.brokeOff;
    this.brokeOff = null;
    // Nobody is there to say that it is to begin again.
    if (before && (this.state.loop || !this.state.isSpent(before.backward))) this.play(before.backward);
  }

  /** What the sound is to play, from where it is. */
  private tune() {
    const { begin, end } = this.state.span();
    return { from: null, rate: this.state.rate, between: this.state.loop ? { a: begin, b: end } : null };
  }

  /** A change of what is played that goes on. */
  private alter(change: () => void): void {
    change();
    this.sound.change(this.tune());
  }

  private followSound(clock: SoundClock): void {
    const { state } = this;
    if (clock.playing) {
      state.follow(clock.at, clock.rate, now());
      return this.beat();
    }
    this.sound.over();
    if (clock.at < state.span().end) return state.alone(now());
    state.finish();
    if (!state.settled) this.ask();
    this.touched();
  }

  /** J and L: the other direction at once, the same direction faster. */
  private shuttle(backward: boolean): void {
    const { state } = this;
    if (state.playing && state.backward === backward) this.alter(() => state.changeRate(1, now()));
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
    const deed = ++this.deeds;
    void this.sound.stop().then((at) => {
      if (at !== null && deed === this.deeds) this.settleAt(at);
    });
  }

  /** The sound stopped at this time: its frame is the one to look at. */
  private settleAt(us: number): void {
    const { state } = this;
    const frame = state.clip ? frameAt(state.clip.times, us) : state.wanted;
    if (frame === state.wanted) return;
    state.goTo(frame);
    this.ask();
    this.touched();
  }

  /** A change of the frame by hand: stops playback, asks at once. */
  private hold(change: () => void): void {
    this.freeze();
    this.deeds += 1;
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
    this.askedAt = now();
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
    this.deeds += 1;
    if (frame === this.state.wanted) return;
    this.state.goTo(frame);
    this.ask({ atRest: false, nearFirst: this.dragging });
    this.touched();
  }

  private advance(): void {
    const { state } = this;
    if (!state.playing || this.session.waiting) return;
    if (this.stands) this.goOn();
    state.tick(now(), Math.min(this.takes, MOST_AHEAD_MS));
    if (!state.playing) this.sound.over();
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

const silentWords = (why: DeviceSilence): string => (why === "device_lost" ? w().deviceLost : w().noDevice);

const now = () => performance.now();
