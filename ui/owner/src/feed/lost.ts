// What a client wrote that the practice's server does not have any more: it was restored from a backup.

import type { Message } from "@limpet/shared/gen/wire";
import type { Things } from "./things";

/** The client's own messages of one copy of the threads that a later copy lacks, oldest first. */
export function lostIn(before: Things, after: Things): Message[] {
  const lost: Message[] = [];
  for (const { key, entity } of before.values()) {
    const own = entity.kind === "message" && entity.state.author.kind === "client" && !entity.state.deleted_at;
    if (own && !after.has(key)) lost.push(entity.state);
  }
  return lost.sort((one, other) => one.sent_at - other.sent_at);
}
