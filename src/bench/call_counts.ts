// What one repetition asks of WebGPU.
import type { GpuCalls } from "./probe.js";
import type { Entrant } from "./sampling.js";

const repetitions = 4;

/** Counted over several repetitions less one, so that what waiting itself costs drops out, once pools have what they need. */
export async function callsPerRepetition({ contender, engine: { probe } }: Entrant): Promise<GpuCalls> {
  const after = (count: number) =>
    probe.count(async () => {
      for (let i = 0; i < count; i++) contender.run();
      await contender.finished();
    });
  await after(1 + repetitions);
  const one = await after(1);
  const several = await after(1 + repetitions);
  return Object.fromEntries(Object.entries(one).map(([name, calls]) => [name, (several[name as keyof GpuCalls] - calls) / repetitions])) as unknown as GpuCalls;
}
