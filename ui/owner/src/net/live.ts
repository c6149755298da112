// The server's call "there is something new", and who is in a conversation, kept alive: browsers drop it when a phone sleeps.

import type { Present } from "@limpet/shared/gen/wire";

const FIRST_PAUSE = 1_000;
const LONGEST_PAUSE = 30_000;

export class Live {
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private pause = FIRST_PAUSE;

  /** `heard` is called whenever there may be something new, `lost` when the line broke, `present` with who is where. */
  constructor(
    private readonly heard: () => void,
    private readonly lost: () => void,
    private readonly present: (told: Present) => void,
  ) {}

  /** Opens the line, or opens it anew. */
  open(): void {
    this.close();
    const source = new EventSource("/v1/live");
    this.source = source;
    source.onopen = () => {
      this.pause = FIRST_PAUSE;
      this.heard();
    };
    source.onmessage = () => this.heard();
    source.addEventListener("presence", (event: MessageEvent<string>) => this.present(JSON.parse(event.data) as Present));
    source.onerror = () => {
      // The browser tries again by itself only after some errors; this page does after all of them.
      this.close();
      this.timer = setTimeout(() => this.open(), this.pause);
      this.pause = Math.min(LONGEST_PAUSE, this.pause * 2);
      this.lost();
    };
  }

  /** Opens the line at once if it is down. */
  ensure(): void {
    if (this.source?.readyState === EventSource.OPEN) return;
    this.pause = FIRST_PAUSE;
    this.open();
  }

  close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }
}
