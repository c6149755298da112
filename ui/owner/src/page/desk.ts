// One client on this device: what it keeps of them, and what waits to be sent.

import type { Revision } from "@limpet/shared/gen/wire";
import { type Things, thingsOf } from "../feed/things";
import { Outbox } from "../outbox/box.svelte";
import { Drain } from "../outbox/drain";
import { Neighbours, Turn } from "../outbox/turn";
import { openStore } from "../storage/disk";
import type { Store } from "../storage/store";
import type { Remembered } from "./arrive";

/** What a desk says of itself. */
export interface Hears {
  /** Whether the practice was reached. */
  reached: (yes: boolean) => void;
  signedOut: (box: Outbox) => void;
  /** The practice has taken something. */
  taken: () => void;
  /** From now on it is this window that sends, or another one. */
  turned: (ours: boolean) => void;
  /** Another window changed the outbox. */
  changed: () => void;
}

export class Desk {
  things: Things = thingsOf([]);
  revision: Revision = 0;
  epoch = "";

  private constructor(
    readonly session: Remembered,
    readonly store: Store,
    readonly box: Outbox,
    readonly drain: Drain,
    readonly turn: Turn,
    readonly neighbours: Neighbours,
  ) {}

  /** Opens what this device keeps of a client. */
  static async open(session: Remembered, hears: Hears): Promise<Desk> {
    const store = await openStore(session.client);
    const box = new Outbox(store);
    const drain = new Drain(box, {
      reached: hears.reached,
      signedOut: () => hears.signedOut(box),
      taken: hears.taken,
    });
    const name = `limpet-owner-${session.client}`;
    const turn = new Turn(
      name,
      () => hears.turned(true),
      () => {
        hears.turned(false);
        drain.stop();
      },
    );
    const neighbours = new Neighbours(name, hears.changed);
    box.changed = () => neighbours.tell();
    const desk = new Desk(session, store, box, drain, turn, neighbours);
    const kept = await store.load();
    desk.things = thingsOf(kept.things);
    desk.revision = kept.revision;
    desk.epoch = kept.epoch;
    box.take(kept.entries);
    return desk;
  }

  /** Leaves it as it is, to be opened again. */
  close(): void {
    this.drain.stop();
    this.neighbours.close();
    this.store.close();
  }
}
