// For tests of what is heard in the room: a scene whose clip has sound, at a desk that plays it.

import type { PlaySound, SoundClock } from "@limpet/shared/gen/wire";
import { expect } from "vitest";
import { CLIP, Scene } from "./room-scene";
import { phoneClip } from "./testing";

export const clip = phoneClip(40);

/** Where the sound is. */
export const clockAt = (at: number, some: Partial<SoundClock> = {}): SoundClock => ({ at, rate: 1, playing: true, silent: null, ...some });

/** The frame that is on show at a time. */
export const frameOf = (us: number) => clip.times.findLastIndex((time) => time <= us);

export class SoundScene extends Scene {
  constructor(audio = true) {
    super();
    Object.assign(this.answers, {
      open_review: () => ({ clip: { id: CLIP, clip: { audio } }, socket: this.address }),
      play_sound: (wanted: PlaySound) => clockAt(wanted.from ?? 0, { rate: wanted.rate }),
      stop_sound: () => clockAt(0, { playing: false }),
    });
  }

  /** What the desk was told to play. */
  played(): PlaySound[] {
    return this.made("play_sound") as PlaySound[];
  }

  /** The desk says where a clip's sound is. */
  sounds(clock: SoundClock, of = CLIP): void {
    this.tell({ kind: "sound", clip: of, clock });
  }

  /** Lets time pass with a decoder that takes 16 ms for a picture. */
  async watch(ms: number): Promise<void> {
    for (let gone = 0; gone < ms; gone += 16) {
      if (this.room.session.waiting && this.line.last) await this.answer();
      else await this.beat();
    }
  }

  /** The sound was told to go on from a frame, and the pictures follow it from there. */
  async goesOnFrom(frame: number): Promise<void> {
    expect(this.played().slice(1)).toEqual([{ clip: CLIP, from: clip.times[frame], rate: 1, between: null, muted: false }]);
    await this.watch(160);
    expect(this.room.state.frame).toBeGreaterThan(frame);
    expect(this.room.state.frame).toBeLessThanOrEqual(frameOf(clip.times[frame]! + 200_000));
    this.sounds(clockAt(900_000));
    await this.watch(32);
    expect(this.room.state.wanted).toBeGreaterThanOrEqual(frameOf(900_000));
  }
}
