import { exitCodes } from "./errors.js";

/**
 * The first Ctrl-C, or SIGTERM, aborts the signal and calls `onFirst`; a second one ends the process at once.
 * `release` gives both back to Node's own handling.
 */
export function catchInterrupts(onFirst: () => void): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const handle = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    controller.abort();
    onFirst();
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, handle);
  return {
    signal: controller.signal,
    release() {
      for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, handle);
    },
  };
}
