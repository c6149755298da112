// Keeps the screen on while a file leaves: a phone that locks itself pauses a web page.

/** Keeps it on while `needed`; answers how to stop. Where the phone refuses, nothing happens. */
export function keepAwake(needed: boolean): () => void {
  if (!needed || !("wakeLock" in navigator)) return () => undefined;
  let over = false;
  let lock: WakeLockSentinel | null = null;
  const ask = () => {
    // The phone lets go of it when the page is hidden; it is asked again when it comes back.
    if (document.visibilityState !== "visible") return;
    navigator.wakeLock.request("screen").then(
      (granted) => {
        lock = granted;
        if (over) void granted.release();
      },
      () => undefined,
    );
  };
  document.addEventListener("visibilitychange", ask);
  ask();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", ask);
    void lock?.release();
  };
}
