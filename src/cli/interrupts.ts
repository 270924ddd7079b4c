const names = ["SIGINT", "SIGTERM"] as const;

/**
 * The first Ctrl-C, or SIGTERM, aborts the signal and calls `onFirst`; a second one ends the process at once, as the
 * first does after `release`.
 */
export function catchInterrupts(onFirst: () => void): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stopCatching = () => {
    for (const name of names) process.off(name, handle);
  };
  const handle = () => {
    if (!controller.signal.aborted) {
      controller.abort();
      onFirst();
      return;
    }
    // By the signal itself, as shells expect (they report 130): process.exit would run the driver's destructors under
    // its own working threads, and crash.
    stopCatching();
    process.kill(process.pid, "SIGINT");
  };
  for (const name of names) process.on(name, handle);
  return { signal: controller.signal, release: stopCatching };
}
