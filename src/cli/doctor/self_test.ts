// A few seconds of real work on a device, each part held against what it must give.
import { arithmeticContender, copyContender, type PeakContender } from "../../bench/peaks.js";
import { randomArray, type HostArray } from "../../bench/specs/host.js";
import { capture } from "../../capture/index.js";
import { text } from "../../data/index.js";
import { DeviceLostError, GpuTimeoutError, IndexError } from "../../errors.js";
import type { Device } from "../../gpu/device.js";
import { GPT } from "../../nn/index.js";
import { copyForms } from "../../kernels/peaks.js";
import { embedding, fromArray, matmul, maximum, mul, relu, sum, tanh, zeros } from "../../ops/index.js";
import { AdamW } from "../../optim/index.js";
import { warmup } from "../../schedule/index.js";
import { backward } from "../../tensor/backward.js";
import { Generator } from "../../tensor/random.js";
import { scope } from "../../tensor/scope.js";
import type { Tensor } from "../../tensor/tensor.js";

/** One part of the self-test. */
export interface Check {
  name: string;
  ok: boolean;
  /** What was measured, or what went wrong, in a line. */
  result: string;
  took_ms: number;
  measured: Record<string, number>;
}

/** What a part found. */
type Outcome = Pick<Check, "ok" | "result" | "measured">;

const parts: Record<string, (device: Device) => Promise<Outcome>> = {
  transfer: checkTransfer,
  product: checkProduct,
  "odd values": checkOddValues,
  memory: measureMemory,
  arithmetic: measureArithmetic,
  training: checkTraining,
  clean: checkClean,
};

/** All parts, in order. After a device that is lost or does not answer there is nothing left to try. */
export async function selfTest(device: Device, tell: (check: Check) => void = () => {}): Promise<Check[]> {
  const checks: Check[] = [];
  for (const [name, run] of Object.entries(parts)) {
    const started = performance.now();
    const before = device.memory().liveBytes;
    let ended = false;
    const outcome = await run(device).catch((error: unknown): Outcome => {
      ended = error instanceof DeviceLostError || error instanceof GpuTimeoutError;
      return { ok: false, result: `${(error as Error).name}: ${(error as Error).message.split("\n")[0]}`, measured: {} };
    });
    const left = device.memory().liveBytes - before;
    if (outcome.ok && left !== 0) Object.assign(outcome, { ok: false, result: `${left} bytes are left in use` });
    const check = { name, ...outcome, took_ms: performance.now() - started };
    checks.push(check);
    tell(check);
    if (ended) break;
  }
  return checks;
}

const transfer_bytes = 16 * 2 ** 20;

/** Bytes to the device and back. */
async function checkTransfer(device: Device): Promise<Outcome> {
  const words = new Int32Array(transfer_bytes / 4);
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i, 0x9e3779b1);
  const started = performance.now();
  const x = fromArray(device, words, { dtype: "i32" });
  await device.sync();
  const written = performance.now();
  const back = await x.data();
  const read = performance.now();
  x.dispose();
  const wrong = words.reduce((count, word, i) => count + (back[i] === word ? 0 : 1), 0);
  const measured = { writeMBps: rate(transfer_bytes, written - started) / 1e6, readMBps: rate(transfer_bytes, read - written) / 1e6 };
  if (wrong > 0) return { ok: false, result: `${wrong} of ${words.length} words came back changed`, measured };
  return { ok: true, result: `16 MB came back as they were, ${measured.writeMBps.toFixed(0)} MB/s to the device, ${measured.readMBps.toFixed(0)} MB/s back`, measured };
}

/** No multiples of a tile. */
const [rows, inner, columns] = [130, 517, 129];

/** A product and its two gradients against float64, element by element. The bound is that of summing `inner` products in f32, in any order. */
async function checkProduct(device: Device): Promise<Outcome> {
  const random = new Generator(1);
  const [a, b, c] = [randomArray(random, [rows, inner]), randomArray(random, [inner, columns]), randomArray(random, [rows, columns])];
  const upload = ({ data, shape }: HostArray, requiresGrad = false) => fromArray(device, data, { shape, requiresGrad });
  const [x, y] = [upload(a, true), upload(b, true)];
  const product = scope(() => {
    const z = matmul(x, y);
    backward(sum(mul(z, upload(c))));
    return z.detach();
  });
  const results = await Promise.all([product.data(), x.grad!.data(), y.grad!.data()]);
  for (const tensor of [product, x, y]) tensor.dispose();
  const wanted = [
    { name: "the product", want: reference(rows, inner, columns, (i, k) => a.data[i * inner + k]!, (k, j) => b.data[k * columns + j]!) },
    { name: "the gradient of its left side", want: reference(rows, columns, inner, (i, k) => c.data[i * columns + k]!, (k, j) => b.data[j * columns + k]!) },
    { name: "the gradient of its right side", want: reference(inner, rows, columns, (i, k) => a.data[k * inner + i]!, (k, j) => c.data[k * columns + j]!) },
  ];
  let worst = 0;
  for (const [i, { name, want }] of wanted.entries()) {
    const share = shareOfBound(results[i] as Float32Array, want);
    if (!(share <= 1)) return { ok: false, result: `${name} of ${rows} x ${inner} and ${inner} x ${columns} numbers is wrong, by ${share.toPrecision(2)} times what rounding explains`, measured: { shareOfBound: share } };
    worst = Math.max(worst, share);
  }
  return { ok: true, result: `${rows} x ${inner} x ${columns} and its gradients are right to ${(100 * worst).toPrecision(2)} % of what rounding may cost`, measured: { shareOfBound: worst } };
}

interface Reference {
  values: Float64Array;
  /** Largest difference that f32 can explain. */
  bounds: Float64Array;
}

function reference(m: number, depth: number, n: number, left: (i: number, k: number) => number, right: (k: number, j: number) => number): Reference {
  const [values, bounds] = [new Float64Array(m * n), new Float64Array(m * n)];
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < depth; k++) {
      const factor = left(i, k);
      for (let j = 0; j < n; j++) {
        const term = factor * right(k, j);
        values[i * n + j]! += term;
        bounds[i * n + j]! += Math.abs(term) * (depth + 1) * 2 ** -23;
      }
    }
  }
  return { values, bounds };
}

/** Largest share of the bound that was used; NaN where a result is none. */
function shareOfBound(got: Float32Array, { values, bounds }: Reference): number {
  let worst = 0;
  for (let i = 0; i < values.length; i++) {
    const share = Math.abs(got[i]! - values[i]!) / bounds[i]!;
    if (!(share <= worst)) worst = share;
    if (Number.isNaN(share)) return NaN;
  }
  return worst;
}

/** What drivers are known to get wrong, and Kiln's kernels must make right. */
async function checkOddValues(device: Device): Promise<Outcome> {
  const of = async (make: () => Tensor) => {
    const y = scope(make);
    try {
      return (await y.data())[0]!;
    } finally {
      y.dispose();
    }
  };
  const nan = () => fromArray(device, [NaN]);
  const wrong: string[] = [];
  if (!Number.isNaN(await of(() => relu(nan())))) wrong.push("relu hides NaN");
  if (!Number.isNaN(await of(() => maximum(nan(), 0)))) wrong.push("maximum hides NaN");
  const saturated = await of(() => tanh(fromArray(device, [100])));
  if (saturated !== 1) wrong.push(`tanh(100) is ${saturated}`);
  const read = of(() => embedding(fromArray(device, [1, 2], { shape: [2, 1] }), fromArray(device, [7], { dtype: "i32" })));
  const told = await read.then(() => null, (error: unknown) => error);
  if (told instanceof DeviceLostError || told instanceof GpuTimeoutError) throw told;
  if (!(told instanceof IndexError)) wrong.push("an index out of range is not told");
  if (wrong.length > 0) return { ok: false, result: wrong.join("; "), measured: {} };
  return { ok: true, result: "NaN is passed on, tanh(100) is 1, an index out of range is told", measured: {} };
}

const copy_bytes = 16 * 2 ** 20;

async function measureMemory(device: Device): Promise<Outcome> {
  let best = 0;
  for (const form of copyForms) {
    const copy = copyContender(device, form, copy_bytes);
    best = Math.max(best, rate(copy.bytes, await fastest_ms(copy)));
  }
  return { ok: true, result: `${(best / 1e9).toPrecision(3)} GB/s copied, reads and writes together`, measured: { copyGBps: best / 1e9 } };
}

async function measureArithmetic(device: Device): Promise<Outcome> {
  const arithmetic = arithmeticContender(device);
  const flops = rate(arithmetic.flops, await fastest_ms(arithmetic));
  return { ok: true, result: `${(flops / 1e9).toPrecision(3)} GFLOP/s of multiply-adds`, measured: { gflops: flops / 1e9 } };
}

/** A launch that is shorter than this says more of the way to the device than of the device: it is repeated. */
const least_ms = 20;

/** Of one launch: the best of three series after one launch that compiles. */
async function fastest_ms(contender: PeakContender): Promise<number> {
  const timed = async (launches: number) => {
    const started = performance.now();
    for (let i = 0; i < launches; i++) contender.run();
    await contender.finished();
    return (performance.now() - started) / launches;
  };
  try {
    await timed(1);
    const launches = Math.min(1000, Math.ceil(least_ms / (await timed(1))));
    let best = Infinity;
    for (let series = 0; series < 3; series++) best = Math.min(best, await timed(launches));
    return best;
  } finally {
    contender.dispose();
  }
}

const steps = 60;
/** What a model that learns is below after so many steps on a sentence that repeats; guessing costs ln 27 = 3.3. */
const learned = 2;

/** A small GPT with everything on, captured; and again, for the same bits. */
async function checkTraining(device: Device): Promise<Outcome> {
  const first = await trained(device, steps);
  const { losses, stepsPerSecond, compile_ms } = first;
  const measured = { firstLoss: losses[0]!, lastLoss: losses.at(-1)!, stepsPerSecond, compile_ms };
  const told = `${losses[0]!.toFixed(3)} to ${losses.at(-1)!.toFixed(3)} in ${steps} steps`;
  if (!losses.every(Number.isFinite)) return { ok: false, result: `the loss is not finite, ${told}`, measured };
  if (!(losses.at(-1)! < learned)) return { ok: false, result: `the loss does not fall, ${told}`, measured };
  const again = await trained(device, 10);
  const other = again.losses.findIndex((loss, i) => loss !== losses[i]);
  if (other >= 0) return { ok: false, result: `the same seed gave another loss at step ${other + 1}, ${again.losses[other]} for ${losses[other]}`, measured };
  return { ok: true, result: `loss ${told}, ${stepsPerSecond.toPrecision(3)} steps/s, the same bits again; ${(compile_ms / 1000).toFixed(1)} s to compile`, measured };
}

async function trained(device: Device, count: number): Promise<{ losses: number[]; stepsPerSecond: number; compile_ms: number }> {
  const data = text.characters("the quick brown fox jumps over the lazy dog ".repeat(20), { block: 16, batch: 8, seed: 1 });
  const model = new GPT(device, { layers: 1, heads: 2, width: 32, block: 16, vocab: data.vocab.size, dropout: 0.05, seed: 1 });
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr: warmup({ steps: 5, to: 1e-2 }), clipNorm: 1 });
  const step = capture(device, ({ tokens, targets }: { tokens: Tensor; targets: Tensor }) => {
    optimizer.zeroGrad();
    const loss = model.loss(tokens, targets);
    loss.backward();
    optimizer.step();
    return loss;
  });
  try {
    const started = performance.now();
    const losses: number[] = [];
    let compiled = started;
    for (let i = 0; i < count; i++) {
      const { tokens, targets, shape } = data.next();
      losses.push(await step({ tokens, targets, shape }).item());
      if (i === 0) compiled = performance.now();
    }
    return { losses, stepsPerSecond: (1000 * (count - 1)) / (performance.now() - compiled), compile_ms: compiled - started };
  } finally {
    for (const part of [step, optimizer, model]) part.dispose();
  }
}

/** Errors that the driver reported and nothing above awaited. */
async function checkClean(device: Device): Promise<Outcome> {
  const probe = zeros(device, [1]);
  await probe.data().finally(() => probe.dispose());
  await device.sync();
  const { peakBytes } = device.memory();
  return { ok: true, result: `the driver reported no error; ${(peakBytes / 1e6).toFixed(0)} MB at most were in use, and all are given back`, measured: { peakMB: peakBytes / 1e6 } };
}

/** A second. */
function rate(amount: number, took_ms: number): number {
  return amount / (took_ms / 1000);
}
