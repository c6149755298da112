// Short sentences at the edge of the window: what was done, with a way back, or what did not work.

import { failureOf } from "@limpet/shared/host/failure";

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly bad: boolean;
  /** What takes it back, or leads to what can be done; and the word for that. */
  readonly undo: { label: string; run: () => void } | null;
  /** What it is about; a later notice about the same takes its place. */
  readonly topic: string;
}

/** How long a notice stays, milliseconds. One about a failure stays until it is taken down. */
export const STAYS = 9000;

export class Notices {
  shown = $state.raw<readonly Notice[]>([]);
  private last = 0;

  /** Says what was done. */
  say(text: string, { undo = null, topic = text }: Partial<Pick<Notice, "undo" | "topic">> = {}): void {
    const id = this.add({ text, undo, topic, bad: false });
    setTimeout(() => this.takeDown(id), STAYS);
  }

  /** Says what did not work, in the failure's own words. */
  fail(thrown: unknown): void {
    this.warn(failureOf(thrown).message);
  }

  /** Says what did not work, with a way to what can be done. */
  warn(text: string, { undo = null, topic = text }: Partial<Pick<Notice, "undo" | "topic">> = {}): void {
    this.add({ text, undo, topic, bad: true });
  }

  takeDown(id: number): void {
    this.shown = this.shown.filter((notice) => notice.id !== id);
  }

  private add(notice: Omit<Notice, "id">): number {
    this.last += 1;
    const others = this.shown.filter(({ topic }) => topic !== notice.topic);
    this.shown = [...others.slice(-2), { ...notice, id: this.last }];
    return this.last;
  }
}
