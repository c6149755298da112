// The sound of the clip in the room: the desk plays it and says where it is, the pictures follow. Knows no picture.
//
// Nothing that goes wrong here stops playing: without an answer, without a device, without sound the room's own clock
// goes on, and at most one sentence says why nothing is heard. Of a decoder that died the session tells, not the sound.

import type { AttachmentId, PlaySound, Silence, SoundClock } from "@limpet/shared/gen/wire";
import type { Desk } from "./session.svelte";
import { inTurn } from "./turns";

/** Longest wait for the first sound. Then pictures go on without it, and follow once it is there. */
const PATIENCE_MS = 700;

/** Who has muted one clip does not want to hear the next. */
let remembered = false;

export type DeviceSilence = Exclude<Silence, "no_sound" | "decoder">;
export type Wanted = Omit<PlaySound, "clip" | "muted">;

export interface SoundHears {
  /** It is here. */
  at(clock: SoundClock): void;
  /** It does not lead, or not any more. */
  alone(): void;
  /** Nothing is heard any more, because of the device. Once, until something is heard again. */
  silent(why: DeviceSilence): void;
}

export class Sound {
  muted = $state(remembered);
  silent = $state.raw<Silence | null>(null);
  private leads = false;
  /** Which playing it is: what is said about an earlier one concerns nobody. */
  private turn = 0;
  private wanted: Wanted | null = null;
  private hasSaid = false;
  private patience: ReturnType<typeof setTimeout> | undefined;
  private unlisten: (() => void) | null = null;
  private hasLeft = false;

  constructor(
    private readonly clip: AttachmentId,
    private readonly desk: Desk,
    private readonly hears: SoundHears,
  ) {}

  enter(): void {
    void this.desk.host().then((host) => {
      if (this.hasLeft) return;
      this.unlisten = host.listen((event) => {
        if (event.kind === "sound" && event.clip === this.clip && this.leads) this.hear(event.clock);
      });
    });
  }

  leave(): void {
    this.hasLeft = true;
    this.over();
    this.unlisten?.();
    this.unlisten = null;
  }

  /** Plays. The room waits for the first `at` or `alone`, one of which always comes. */
  play(wanted: Wanted): void {
    this.over();
    this.wanted = wanted;
    const turn = this.turn;
    this.patience = setTimeout(() => this.hears.alone(), PATIENCE_MS);
    void this.say(wanted).then((clock) => {
      if (turn !== this.turn) return;
      clearTimeout(this.patience);
      this.leads = Boolean(clock);
      if (clock) this.hear(clock);
      else this.hears.alone();
    });
  }

  /** Goes on from where it is, differently. */
  change(wanted: Wanted): void {
    if (!this.wanted) return;
    this.wanted = { ...wanted, from: null };
    void this.say(this.wanted);
  }

  toggleMute(): void {
    this.muted = remembered = !this.muted;
    if (this.wanted) void this.say({ ...this.wanted, from: null });
  }

  /** Stops; answers the time of the clip at which it did, or null when it did not lead. */
  async stop(): Promise<number | null> {
    const [was, led] = [this.wanted, this.leads];
    this.over();
    if (!was) return null;
    try {
      const clock = await inTurn(this, () => this.desk.call("stop_sound", this.clip));
      return led ? clock.at : null;
    } catch {
      // A room that has just died plays nothing either.
      return null;
    }
  }

  /** It came to its end by itself, or the room that played it is gone. */
  over(): void {
    this.turn += 1;
    this.leads = false;
    this.wanted = null;
    clearTimeout(this.patience);
  }

  private hear(clock: SoundClock): void {
    this.silent = clock.silent;
    if (clock.silent === null) this.hasSaid = false;
    else if (clock.silent !== "no_sound" && clock.silent !== "decoder" && !this.hasSaid) {
      this.hasSaid = true;
      this.hears.silent(clock.silent);
    }
    this.hears.at(clock);
  }

  private async say(wanted: Wanted): Promise<SoundClock | null> {
    const { turn, muted } = this;
    try {
      return await inTurn(this, async () => {
        // Stopped again before its turn came.
        if (turn !== this.turn) return null;
        return this.desk.call("play_sound", { ...wanted, clip: this.clip, muted });
      });
    } catch {
      // Then pictures play without it.
      return null;
    }
  }
}
