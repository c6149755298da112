// Tells others that one is in a conversation, and writing there: at once when that changes, again before it would run
// out, and never at each key. One thing is said at a time, so that the last one said is the last one heard.

import type { Audience } from "./gen/wire";

export interface Doing {
  readonly here: boolean;
  readonly typing: Audience | null;
}

/** How often it is said again that one is there, or writing, milliseconds: well within what the server waits for. */
export const AGAIN_HERE = 12_000;
export const AGAIN_TYPING = 4_000;
/** How long after the last key nobody is writing any more, milliseconds. */
export const RESTS_AFTER = 5_000;

export class Pulse {
  private doing: Doing = { here: false, typing: null };
  private said: Doing = { here: false, typing: null };
  private saidAt = 0;
  private isSaying = false;
  private again: ReturnType<typeof setTimeout> | undefined;
  private resting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly say: (doing: Doing) => Promise<unknown>) {}

  /** Somebody looks at the conversation, or no longer does. */
  look(here: boolean): void {
    if (here !== this.doing.here) this.now({ here, typing: null });
  }

  /** Something was written. */
  type(audience: Audience): void {
    if (!this.doing.here) return;
    this.now({ here: true, typing: audience });
    this.resting = setTimeout(() => this.rest(), RESTS_AFTER);
  }

  /** Nothing is being written any more. */
  rest(): void {
    this.now({ ...this.doing, typing: null });
  }

  private now(doing: Doing): void {
    clearTimeout(this.resting);
    this.doing = doing;
    this.tell();
  }

  private tell(): void {
    clearTimeout(this.again);
    if (this.isSaying) return;
    const { here, typing } = this.doing;
    const isNews = here !== this.said.here || typing !== this.said.typing;
    const left = this.saidAt + (typing === null ? AGAIN_HERE : AGAIN_TYPING) - Date.now();
    if (!isNews && !here) return;
    if (!isNews && left > 0) {
      this.again = setTimeout(() => this.tell(), left);
      return;
    }
    this.said = this.doing;
    this.saidAt = Date.now();
    this.isSaying = true;
    // That it could not be said is no news to anybody: it is said again soon.
    void this.say(this.doing)
      .catch(() => undefined)
      .then(() => {
        this.isSaying = false;
        this.tell();
      });
  }
}
