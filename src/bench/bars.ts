// What Kiln must reach, and whether a run did.
import type { Measurement } from "./row.js";

export type VerdictState = "PASS" | "NOT REACHED" | "not measured" | "for information";

export interface Verdict {
  what: string;
  value: string;
  bar: string;
  state: VerdictState;
}

interface Bar {
  what: string;
  /** Which measurement counts. The shape may be its name alone, without the sizes behind a colon. */
  row: { suite: string; name: string; contender: string; shape?: string };
  value: (row: Measurement) => number | undefined;
  show: (value: number) => string;
  /** Null for information only. */
  bar: { atLeast: number } | { atMost: number } | null;
}

const times = (value: number) => `${value.toFixed(2)} x`;
const milliseconds = (value: number) => `${value.toFixed(2)} ms`;
const whole = (value: number) => `${value}`;
const percent = (value: number) => `${(100 * value).toFixed(0)} %`;
const seconds = (value: number) => `${(value / 1000).toFixed(2)} s`;
const megabytes = (value: number) => `${value.toFixed(0)} MB`;

const step = "nanogpt-cpu";
const overKiln = ({ overKiln: ratio }: Measurement) => ratio;
const median = ({ median: value }: Measurement) => value ?? undefined;

/** Kiln's time under that of each peer, by so many times. */
function faster(what: string, suite: string, name: string, shape: string, bars: { "jax-js": number; tfjs: number }): Bar[] {
  return (["jax-js", "tfjs"] as const).map((peer) => ({ what: `${what}, against ${peer}`, row: { suite, name, contender: peer, shape }, value: overKiln, show: times, bar: { atLeast: bars[peer] } }));
}

const counts = (what: string, key: "dispatches" | "submits" | "readbacks", atMost: number): Bar => ({
  what,
  row: { suite: "step", name: "training step", contender: "kiln", shape: step },
  value: ({ calls }) => calls?.[key],
  show: whole,
  bar: { atMost },
});

const process = (what: string, name: string, show: (value: number) => string, atMost: number): Bar[] =>
  ["kiln", "jax-js", "tfjs"].map((contender) => ({ what: contender === "kiln" ? what : `${what}, ${contender}`, row: { suite: "process", name, contender }, value: median, show, bar: contender === "kiln" ? { atMost } : null }));

/** Speed against the peers, memory and start of a training process. Medians, one process, in turn, on lavapipe. */
export const bars: readonly Bar[] = [
  ...faster("training step of the nanoGPT CPU configuration", "step", "training step", step, { "jax-js": 5, tfjs: 10 }),
  ...faster("matmul 1024^3", "kernels", "matmul", "[1024,1024] x [1024,1024]", { "jax-js": 3, tfjs: 3 }),
  ...faster("LayerNorm forward+backward [4096,384]", "kernels", "layer-norm forward+backward", "[4096,384]", { "jax-js": 4, tfjs: 12 }),
  ...faster("BatchNorm forward+backward [4096,128]", "kernels", "batch-norm forward+backward", "[4096,128]", { "jax-js": 4, tfjs: 20 }),
  ...faster("cross-entropy forward+backward [768,65]", "kernels", "cross-entropy forward+backward", "[768,65]", { "jax-js": 3, tfjs: 3 }),
  ...faster("AdamW, 10 M parameters in 52 tensors", "optimizers", "AdamW step", "10,000,000 in 52", { "jax-js": 4, tfjs: 8 }),
  { what: "AdamW, 10 M in 52: share of the copy bandwidth beside it", row: { suite: "optimizers", name: "AdamW step", contender: "kiln", shape: "10,000,000 in 52" }, value: ({ floorShare }) => floorShare, show: percent, bar: { atLeast: 0.8 } },
  counts("dispatches a step", "dispatches", 90),
  counts("submits a step", "submits", 1),
  counts("readbacks in the step path", "readbacks", 0),
  { what: "host time a step", row: { suite: "step", name: "host time a step", contender: "kiln", shape: step }, value: median, show: milliseconds, bar: { atMost: 0.5 } },
  { what: "host time a step, one at a time", row: { suite: "step", name: "host time a step, one at a time", contender: "kiln", shape: step }, value: median, show: milliseconds, bar: null },
  { what: "step time over the sum of its kernels", row: { suite: "step", name: "step over kernels", contender: "kiln", shape: step }, value: median, show: times, bar: { atMost: 1.15 } },
  ...process("start to first finished step, empty shader cache", "first step, empty shader cache", seconds, 8000),
  ...process("start to first finished step, cached shaders", "first step, cached shaders", seconds, 1000),
  ...process("peak RSS of the training process", "peak RSS", megabytes, 350),
  ...["buffers", "bytes", "RSS"].map((what): Bar => ({ what: `memory over 2000 steps: growth of ${what}`, row: { suite: "process", name: `growth of ${what}`, contender: "kiln" }, value: median, show: (value) => `${value.toFixed(2)} %`, bar: { atMost: what === "RSS" ? 2 : 0 } })),
  { what: "without a GPU: jax-js on wasm, 2 workers, a step", row: { suite: "process", name: "training step", contender: "jax-js wasm" }, value: median, show: milliseconds, bar: null },
];

/** Each bar with what was measured. On adapters where no bar is set (`areSet` false) all are for information. */
export function judge(rows: readonly Measurement[], areSet: boolean): Verdict[] {
  return bars.map(({ what, row, value, show, bar }) => {
    const found = rows.find((one) => one.suite === row.suite && one.name === row.name && one.contender === row.contender && hasShape(one, row.shape));
    const measured = found && value(found);
    const barText = bar === null ? "" : "atLeast" in bar ? `at least ${show(bar.atLeast)}` : `at most ${show(bar.atMost)}`;
    if (measured === undefined) return { what, value: found?.error ?? "-", bar: barText, state: "not measured" };
    // A peer whose results are wrong is slower or faster at something else.
    const trusted = !found?.error;
    const reached = bar !== null && trusted && ("atLeast" in bar ? measured >= bar.atLeast : measured <= bar.atMost);
    const state = bar === null || !areSet ? "for information" : reached ? "PASS" : "NOT REACHED";
    return { what, value: trusted ? show(measured) : `${show(measured)} (${found!.error})`, bar: barText, state };
  });
}

function hasShape({ shape }: Measurement, wanted: string | undefined): boolean {
  return wanted === undefined || shape === wanted || shape.startsWith(`${wanted}:`);
}
