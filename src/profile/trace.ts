import type { Profile } from "./profile.js";

/**
 * A profile's last run as trace events, for chrome://tracing and Perfetto: one row of dispatches on the GPU's clock.
 *
 * Source: "Trace Event Format", complete events ("ph": "X"), times in microseconds.
 */
export function chromeTrace({ adapter, dispatches, step_ms, kernels_ms }: Profile): { traceEvents: object[]; displayTimeUnit: "ms"; otherData: object } {
  const name = (ph: string, value: string) => ({ ph: "M", pid: 1, tid: 1, name: ph, args: { name: value } });
  return {
    traceEvents: [
      name("process_name", adapter),
      name("thread_name", "dispatches"),
      ...dispatches.map(({ kernel, begin_ns, duration_ns, grid, bytes, flops }) => ({
        ph: "X",
        pid: 1,
        tid: 1,
        name: kernel.replace(/\[.*/, ""),
        cat: "kernel",
        ts: begin_ns / 1000,
        dur: duration_ns / 1000,
        args: { variant: kernel, workgroups: grid.join(" x "), bytes, flops },
      })),
    ],
    displayTimeUnit: "ms",
    otherData: { adapter, step_ms, kernels_ms },
  };
}
