// One shared clock for everything that says "how long ago". It ticks only while somebody looks at it.

import { createSubscriber } from "svelte/reactivity";

const MINUTE = 60_000;

export class Ticker {
  #now: number;
  #watch: () => void;

  constructor(private readonly clock: () => number = Date.now) {
    this.#now = clock();
    this.#watch = createSubscriber((update) => {
      this.#now = this.clock();
      const timer = setInterval(() => {
        this.#now = this.clock();
        update();
      }, MINUTE / 4);
      return () => clearInterval(timer);
    });
  }

  /** Now, to the quarter of a minute; readers in an effect or a template run again when it moves on. */
  get now(): number {
    this.#watch();
    if (!$effect.tracking()) this.#now = this.clock();
    return this.#now;
  }
}

export const ticker = new Ticker();
