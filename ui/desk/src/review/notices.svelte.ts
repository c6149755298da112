// What the room says to a person in passing: one sentence, which goes by itself.

const STAYS_MS = { done: 4000, news: 6000, trouble: 10_000 };

export type Notice = { kind: keyof typeof STAYS_MS; text: string };

export class Notices {
  current = $state.raw<Notice | null>(null);
  private goesAt: ReturnType<typeof setTimeout> | undefined;

  say(kind: Notice["kind"], text: string): void {
    this.current = { kind, text };
    clearTimeout(this.goesAt);
    this.goesAt = setTimeout(() => (this.current = null), STAYS_MS[kind]);
  }

  leave(): void {
    clearTimeout(this.goesAt);
  }
}
