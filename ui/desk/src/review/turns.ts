// Things that the desk is told one after the other, because it does not promise to do them in the order in which they
// were said: who leaves while a clip's room opens and comes back must not have the new one closed behind them, and a
// sound that is to stop must not start afterwards.

import type { AttachmentId } from "@limpet/shared/gen/wire";

/** What turns are taken at: the room of a clip, or something of one's own. */
type Turnstile = AttachmentId | object;

const underWay = new Map<Turnstile, Promise<unknown>>();

/** Does something after whatever is under way there; at once if nothing is. */
export function inTurn<T>(at: Turnstile, deed: () => Promise<T>): Promise<T> {
  const done = underWay.get(at)?.then(deed) ?? deed();
  keep(at, done);
  return done;
}

/** Does something at once, also while something else is under way there. What comes later waits for both. */
export function outOfTurn<T>(at: Turnstile, deed: () => Promise<T>): Promise<T> {
  const done = deed();
  keep(at, Promise.allSettled([underWay.get(at), done]));
  return done;
}

function keep(at: Turnstile, done: Promise<unknown>): void {
  const settled = done.then(
    () => undefined,
    () => undefined,
  );
  underWay.set(at, settled);
  void settled.then(() => {
    if (underWay.get(at) === settled) underWay.delete(at);
  });
}
