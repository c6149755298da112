// A thread as it is read: days between the messages, the mark where the unseen part begins, and which messages
// follow on from the one above so that their author need not be said again.

import type { Millis, ThreadMessage } from "@limpet/shared/gen/wire";
import { dayOf } from "@limpet/shared/parts/times";

export type Line =
  | { kind: "mark"; key: string; day: Millis | null; unseen: boolean }
  | { kind: "message"; key: string; of: ThreadMessage; follows: boolean };

/** Messages of one author this close together are read as one turn, milliseconds. */
const TURN = 5 * 60_000;

export function linesOf(messages: readonly ThreadMessage[], seenBefore: Millis | null, zone: string): Line[] {
  const lines: Line[] = [];
  let day = "";
  let previous: ThreadMessage | null = null;
  let isMarked = seenBefore === null || seenBefore === 0;
  for (const of of messages) {
    const at = timeOf(of);
    const today = dayOf(at, zone);
    const isNewDay = today !== day;
    const unseen = !isMarked && of.message.author.kind === "client" && of.message.received_at > (seenBefore ?? 0);
    if (isNewDay || unseen) {
      lines.push({ kind: "mark", key: `mark-${of.message.id}`, day: isNewDay ? at : null, unseen });
      previous = null;
    }
    day = today;
    isMarked ||= unseen;
    lines.push({ kind: "message", key: of.message.id, of, follows: previous !== null && continues(previous, of) });
    previous = of;
  }
  return lines;
}

/** When a message is read to have been said: received, or, while it is in the outbox, written. */
export const timeOf = ({ message }: ThreadMessage): Millis => message.received_at || message.sent_at;

function continues(before: ThreadMessage, after: ThreadMessage): boolean {
  const [a, b] = [before.message, after.message];
  const isSameAuthor =
    a.author.kind === b.author.kind && ("id" in a.author ? a.author.id : "") === ("id" in b.author ? b.author.id : "");
  return isSameAuthor && a.audience === b.audience && timeOf(after) - timeOf(before) < TURN;
}
