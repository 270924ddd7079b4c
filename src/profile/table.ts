import type { KernelProfile, Profile } from "./profile.js";

interface Column {
  head: string;
  cell(kernel: KernelProfile, profile: Profile): string;
}

/** Variants have long labels; the profile itself holds them whole. */
const nameWidth = 52;

const columns: readonly Column[] = [
  { head: "kernel", cell: ({ kernel }) => (kernel.length > nameWidth ? `${kernel.slice(0, nameWidth - 1)}…` : kernel) },
  { head: "calls", cell: ({ calls }) => digits(calls) },
  { head: "ms", cell: ({ ms, ms_error }) => (ms_error > 0 ? `${ms.toFixed(3)} ±${ms_error.toFixed(3)}` : ms.toFixed(3)) },
  { head: "share", cell: ({ ms }, { kernels_ms }) => (kernels_ms > 0 ? percent(ms / kernels_ms) : "-") },
  { head: "GB/s", cell: ({ bytes, ms }) => (ms > 0 ? (bytes / ms / 1e6).toFixed(1) : "-") },
  { head: "GFLOP/s", cell: ({ flops, ms }) => (flops > 0 && ms > 0 ? (flops / ms / 1e6).toFixed(1) : "-") },
  { head: "of roofline", cell: ({ ofRoofline }) => (ofRoofline === null ? "-" : percent(ofRoofline)) },
  { head: "bound by", cell: ({ boundBy }) => boundBy },
];

/** A profile as aligned lines of text. */
export function profileTable(profile: Profile): string {
  const { adapter, runs, step_ms, host_ms, kernels_ms, quantum_ns, peaks, kernels } = profile;
  const rows = [columns.map(({ head }) => head), ...kernels.map((kernel) => columns.map((column) => column.cell(kernel, profile)))];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const lines = rows.map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[i]!))).join("  "));
  const dispatches = kernels.reduce((sum, { calls }) => sum + calls, 0);
  return [
    ...lines,
    "",
    `step ${step_ms.toFixed(2)} ms: ${kernels_ms > 0 ? (step_ms / kernels_ms).toFixed(2) : "many"} times its ${digits(dispatches)} dispatches' ${kernels_ms.toFixed(2)} ms; host ${host_ms.toFixed(2)} ms`,
    `peaks ${(peaks.bytesPerSecond / 1e9).toFixed(1)} GB/s, ${(peaks.flopsPerSecond / 1e9).toFixed(1)} GFLOP/s (a copy and chains of multiply-adds, measured here)`,
    `${adapter}, ${runs === 1 ? "one run" : `mean of ${runs} runs`}${quantum_ns > 1 ? `; its timestamps count in steps of ${(quantum_ns / 1000).toFixed(1)} µs` : ""}`,
  ].join("\n");
}

const digits = (value: number): string => (Number.isInteger(value) ? `${value}` : value.toFixed(1));
const percent = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
