// Opening and closing a clip's room, one after the other: the desk has one room for a clip, and who leaves while it
// opens and comes back must not have the new one closed behind them.

import type { AttachmentId } from "@limpet/shared/gen/wire";

const underWay = new Map<AttachmentId, Promise<unknown>>();

/** Does something with a clip's room after whatever is under way with it. */
export function inTurn<T>(clip: AttachmentId, deed: () => Promise<T>): Promise<T> {
  const done = (underWay.get(clip) ?? Promise.resolve()).then(deed);
  const settled = done.then(
    () => undefined,
    () => undefined,
  );
  underWay.set(clip, settled);
  void settled.then(() => {
    if (underWay.get(clip) === settled) underWay.delete(clip);
  });
  return done;
}
