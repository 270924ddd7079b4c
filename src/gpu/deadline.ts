// A wait that ends. Nothing in WebGPU says that a kernel hangs: its promises stay pending.

/** After the time is over: a machine that slept runs its timers before the GPU's answer arrives. */
const grace_ms = 1000;

/** Settles as `work` does, or with what `late` makes once the time is over. */
export async function withDeadline<T>(work: Promise<T>, time_ms: number, late: () => Error): Promise<T> {
  if (time_ms === Infinity) return work;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => (timer = setTimeout(() => reject(late()), grace_ms)), time_ms);
  });
  try {
    return await Promise.race([work, expired]);
  } finally {
    clearTimeout(timer);
  }
}
