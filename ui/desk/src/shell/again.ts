// Query, listen, query again: one question at a time, and never a lost wish to ask.

/**
 * Wraps a question so that it never runs beside itself. Asked while it runs, it runs once more afterwards, however
 * often it was asked meanwhile; the promise then waits for that last run.
 */
export function again(ask: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let next: Promise<void> | null = null;

  const start = (): Promise<void> => {
    running = ask().finally(() => {
      running = null;
    });
    return running;
  };

  return () => {
    if (!running) return start();
    next ??= running
      .catch(() => undefined)
      .then(() => {
        next = null;
        return start();
      });
    return next;
  };
}
