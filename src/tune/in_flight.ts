// Work that is launched ahead of its results.

/**
 * Results of launch(0), launch(1), ... in order, while the next `ahead` are launched already. Those that nobody comes to
 * take are waited for: nothing is left under way.
 */
export async function* inFlight<T>(count: number, ahead: number, launch: (i: number) => Promise<T>): AsyncGenerator<T, void, undefined> {
  const pending: Promise<T>[] = [];
  try {
    for (let i = 0; i < count; i++) {
      pending.push(handled(launch(i)));
      if (pending.length > ahead) yield await pending.shift()!;
    }
    while (pending.length > 0) yield await pending.shift()!;
  } finally {
    await Promise.allSettled(pending);
  }
}

/** Another promise may fail before this one is awaited: its own failure must not end the process then. */
export function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
