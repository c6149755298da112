// Playback in the review room. Forwards the sound leads: the frame that is asked for is the one that is due when it
// will be drawn. Frames are asked for one at a time, so that a slow decoder shows fewer of them and never none.
//
// Where the bytes of the frame that is due have not arrived, playback stands still with its sound and both go on when
// they have. When the decoder dies, both go on once there is another one, from the frame on the glass.

import type { AttachmentId, SoundClock } from "@limpet/shared/gen/wire";
import type { Asking } from "./asking";
import type { Notices } from "./notices.svelte";
import type { ReviewState } from "./review-state.svelte";
import type { Desk, Session } from "./session.svelte";
import type { Showing } from "./showing";
import { Sound, type DeviceSilence } from "./sound.svelte";
import { frameAt } from "./times";
import { w } from "./words";

/** Longest that a picture is asked for ahead of its time. */
const MOST_AHEAD_MS = 150;

/** What it plays with. */
export interface Stage {
  readonly state: ReviewState;
  readonly session: Session;
  readonly showing: Showing;
  readonly asking: Asking;
  readonly notices: Notices;
  /** Has the next animation frame looked at. */
  beat(): void;
}

export class Playing {
  readonly sound: Sound;
  /** It stands still: the bytes of the frame that is due have not arrived. */
  private stands = false;
  /** Which way it played when its decoder died: so it goes on once there is another one. */
  private brokeOff: { backward: boolean } | null = null;
  /** Counts what hands do: what the sound answers after the next deed moves nothing any more. */
  private deeds = 0;
  /** How long a picture takes. */
  private takes = 0;

  constructor(
    clip: AttachmentId,
    desk: Desk,
    private readonly stage: Stage,
  ) {
    this.sound = new Sound(clip, desk, {
      at: (clock) => this.follow(clock),
      alone: () => stage.state.alone(now()),
      silent: (why) => stage.notices.say("news", silentWords(why)),
    });
  }

  /** Whether the clip has sound, as far as is known. */
  get hasSound(): boolean {
    return this.stage.session.attachment?.clip?.audio !== false && this.sound.silent !== "no_sound";
  }

  toggle(): void {
    const { state } = this.stage;
    if (state.playing) this.freeze();
    else this.play(state.backward);
  }

  /** J and L: the other direction at once, the same direction faster. */
  shuttle(backward: boolean): void {
    const { state } = this.stage;
    if (state.playing && state.backward === backward) this.alter(() => state.changeRate(1, now()));
    else {
      this.freeze();
      this.play(backward);
    }
  }

  freeze(): void {
    const { state, session, showing, asking } = this.stage;
    if (!state.playing) return;
    // A picture that has arrived is as good as seen.
    showing.catchUp();
    state.freeze();
    session.forget();
    if (state.settled) asking.stay();
    asking.touched();
    const deed = ++this.deeds;
    void this.sound.stop().then((at) => {
      if (at !== null && deed === this.deeds) this.settleAt(at);
    });
  }

  /** A hand does something with the frame on the glass. */
  giveWay(): void {
    this.freeze();
    this.deeds += 1;
  }

  /** A change of what is played that goes on. */
  alter(change: () => void): void {
    change();
    this.sound.change(this.tune());
  }

  toggleMute(): void {
    if (this.hasSound) this.sound.toggleMute();
    else this.stage.notices.say("news", w().noSound);
  }

  /** A picture has come. */
  took(): void {
    const { state, asking } = this.stage;
    if (state.playing && !this.stands) this.takes += (asking.since - this.takes) / 4;
    this.advance();
  }

  /** Asks for the frame that is due, unless one is on its way. */
  advance(): void {
    const { state, session, showing, asking } = this.stage;
    if (!state.playing || session.waiting) return;
    if (this.stands) this.goOn();
    state.tick(now(), Math.min(this.takes, MOST_AHEAD_MS));
    if (!state.playing) this.sound.over();
    if (state.wanted !== showing.next) asking.ask();
    if (!state.playing) asking.touched();
  }

  /** Sound does not run ahead into a hole of a clip that still arrives. */
  standStill(): void {
    if (!this.stage.state.playing || this.stands) return;
    this.stands = true;
    void this.sound.stop();
  }

  /** The decoder died. However long it takes to have another one: what is on the glass is where it goes on. */
  breakOff(): void {
    const { state, showing } = this.stage;
    const { playing, backward } = state;
    showing.catchUp();
    this.brokeOff = playing ? { backward } : null;
    state.freeze();
    this.sound.over();
  }

  /** There is another decoder. */
  playOn(): void {
    const { state } = this.stage;
    const before = this.brokeOff;
    this.brokeOff = null;
    // Nobody is there to say that it is to begin again.
    if (before && (state.loop || !state.isSpent(before.backward))) this.play(before.backward);
  }

  /** There is none until a person says so. */
  giveUp(): void {
    this.brokeOff = null;
  }

  private play(backward: boolean): void {
    const { state, session, asking } = this.stage;
    const led = !backward && this.hasSound;
    const before = state.wanted;
    this.deeds += 1;
    state.play(now(), backward, led);
    if (state.wanted !== before) asking.ask();
    this.stands = session.bytesMissing;
    if (!this.stands) this.startSound(led);
    this.stage.beat();
  }

  /** What was waited for has come, or never will. */
  private goOn(): void {
    const { state } = this.stage;
    const led = !state.backward && this.hasSound;
    this.stands = false;
    state.goOn(now(), led);
    this.startSound(led);
  }

  /** From the wanted frame, where it is to lead. */
  private startSound(led: boolean): void {
    const { state } = this.stage;
    if (led && state.playing) this.sound.play({ ...this.tune(), from: state.timeOf(state.wanted) });
  }

  /** What the sound is to play, from where it is. */
  private tune() {
    const { state } = this.stage;
    const { begin, end } = state.span();
    return { from: null, rate: state.rate, between: state.loop ? { a: begin, b: end } : null };
  }

  private follow(clock: SoundClock): void {
    const { state, asking } = this.stage;
    if (clock.playing) {
      state.follow(clock.at, clock.rate, now());
      return this.stage.beat();
    }
    this.sound.over();
    if (clock.at < state.span().end) return state.alone(now());
    state.finish();
    if (!state.settled) asking.ask();
    asking.touched();
  }

  /** The sound stopped at this time: its frame is the one to look at. */
  private settleAt(us: number): void {
    const { state, asking } = this.stage;
    const frame = state.clip ? frameAt(state.clip.times, us) : state.wanted;
    if (frame === state.wanted) return;
    state.goTo(frame);
    asking.ask();
    asking.touched();
  }
}

const silentWords = (why: DeviceSilence): string => (why === "device_lost" ? w().deviceLost : w().noDevice);

const now = () => performance.now();
