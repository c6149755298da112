// Whose turn it is to send, when the thread is open in two windows (a tab and the installed app): the one that is
// looked at; when it is closed, the other. Browsers without locks have one window on a phone anyway.

export class Turn {
  private held = false;
  private waiting = false;

  constructor(
    private readonly name: string,
    private readonly gained: () => void,
    private readonly lost: () => void,
  ) {}

  /** Takes the turn, from another window if it has to. */
  take(): void {
    if (this.held) return;
    this.held = true;
    if (navigator.locks) void this.hold(true);
    else this.gained();
  }

  /** Takes the turn when no other window has it any more. */
  wait(): void {
    if (this.held || this.waiting || !navigator.locks) return;
    this.waiting = true;
    void this.hold(false);
  }

  private async hold(steal: boolean): Promise<void> {
    try {
      await navigator.locks.request(this.name, { steal }, () => {
        if (!steal) this.waiting = false;
        this.held = true;
        this.gained();
        // Until the window is gone or another takes it.
        return new Promise(() => undefined);
      });
    } catch {
      this.held = false;
      this.lost();
      this.wait();
    }
  }
}

/** Tells the other windows of this client that the outbox changed, and hears it from them. */
export class Neighbours {
  private readonly channel: BroadcastChannel | null;

  constructor(name: string, heard: () => void) {
    this.channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(name);
    if (this.channel) this.channel.onmessage = heard;
  }

  tell(): void {
    this.channel?.postMessage(null);
  }

  close(): void {
    this.channel?.close();
  }
}
