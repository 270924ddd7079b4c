// A captured step: what it computes, what it costs, and what makes it record again.
import { beforeAll, describe, expect, it } from "vitest";
import { capture } from "../../src/capture/index.js";
import { DisposedError, UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { BatchNorm1d, GPT, setDropout } from "../../src/nn/index.js";
import { add, fromArray, mul, sum } from "../../src/ops/index.js";
import { AdamW, SGD } from "../../src/optim/index.js";
import { cosine, linear, warmup } from "../../src/schedule/index.js";
import { backward } from "../../src/tensor/backward.js";
import { Generator } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { noGrad } from "../../src/tensor/tape.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";
import { instrument, none } from "../support/instrumented_device.js";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const sizes = { batch: 3, block: 12, vocab: 11 };

interface Batch {
  tokens: Int32Array;
  targets: Int32Array;
  shape: [number, number];
}

/** The same batches for the same seed. */
function batches(seed: number, { batch, block } = sizes): () => Batch {
  const random = new Generator(seed);
  return () => {
    const words = random.integers(batch * (block + 1), sizes.vocab);
    const window = (shift: number) => Int32Array.from({ length: batch * block }, (_, i) => words[Math.floor(i / block) * (block + 1) + (i % block) + shift]!);
    return { tokens: window(0), targets: window(1), shape: [batch, block] };
  };
}

function makeRun(options: object = {}) {
  const model = new GPT(device, { layers: 2, heads: 2, width: 16, block: sizes.block, vocab: sizes.vocab, dropout: 0.2, seed: 3 });
  const lr = warmup({ steps: 3, to: 1e-2 }).then(cosine({ from: 1e-2, to: 1e-3, steps: 20 }));
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr, betas: [0.9, 0.99], clipNorm: 0.5, ...options });
  const body = ({ tokens, targets }: { tokens: Tensor; targets: Tensor }) => {
    optimizer.zeroGrad();
    const loss = model.loss(tokens, targets);
    backward(loss);
    optimizer.step();
    return loss;
  };
  const eager = async ({ tokens, targets, shape }: Batch) => {
    const loss = scope(() => body({ tokens: fromArray(device, tokens, { shape, dtype: "i32" }), targets: fromArray(device, targets, { shape, dtype: "i32" }) }));
    const value = await loss.item();
    loss.dispose();
    return value;
  };
  const close = () => {
    optimizer.dispose();
    model.dispose();
  };
  return { model, optimizer, body, eager, close };
}

/** Bits, so that -0 and NaN count too. */
const bitsOf = async (tensors: readonly Tensor[]) => Promise.all(tensors.map(async (tensor) => [...new Uint32Array((await tensor.data()).slice().buffer)]));

/** Losses, parameters and optimizer state of `steps` steps. */
async function outcome(run: ReturnType<typeof makeRun>, step: (batch: Batch) => Promise<number>, steps: number) {
  const next = batches(7);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push(await step(next()));
  const { moments, step: taken } = await run.optimizer.stateDict();
  return { losses, taken, weights: await bitsOf(run.model.parameters()), moments, stats: await run.optimizer.stats(), history: await run.optimizer.history() };
}

describe("a captured training step", () => {
  it.each([
    ["AdamW, clipping, dropout, a schedule", {}],
    ["averaged weights", { emaDecay: 0.9 }],
    ["clipping by value, scheduled betas", { clipNorm: undefined, clipValue: linear({ from: 0.1, to: 0.01, steps: 8 }), betas: [linear({ from: 0.8, to: 0.9, steps: 8 }), 0.99] }],
  ])("computes bit for bit what the eager one does: %s", async (_, options) => {
    const before = device.memory().liveBytes;
    const eager = makeRun(options);
    const expected = await outcome(eager, eager.eager, 12);
    eager.close();
    const captured = makeRun(options);
    const step = capture(device, captured.body);
    const result = await outcome(captured, (batch) => step(batch).item(), 12);
    expect(result).toEqual(expected);
    expect(new Set(result.losses).size).toBe(12);
    expect(step.report()).toMatchObject([{ runs: 12, signature: "targets:i32[3, 12] tokens:i32[3, 12]" }]);
    step.dispose();
    captured.close();
    expect(device.memory().liveBytes).toBe(before);
  });

  it("mixes with eager steps, checkpoints and changes of the rate by hand", async () => {
    const eager = makeRun();
    const captured = makeRun();
    const step = capture(device, captured.body);
    const nextE = batches(1);
    const nextC = batches(1);
    for (let i = 0; i < 9; i++) {
      if (i === 4) for (const { optimizer } of [eager, captured]) optimizer.paramGroups[0]!.lr = 3e-3;
      if (i === 6) for (const { optimizer } of [eager, captured]) optimizer.loadStateDict(await optimizer.stateDict());
      const a = await eager.eager(nextE());
      const b = i % 3 === 2 ? await captured.eager(nextC()) : await step(nextC()).item();
      expect(b).toBe(a);
    }
    expect(await bitsOf(captured.model.parameters())).toEqual(await bitsOf(eager.model.parameters()));
    expect(step.report()).toHaveLength(1);
    step.dispose();
    for (const run of [eager, captured]) run.close();
  });

  it("creates nothing, waits for nothing and submits once a step after the first", async () => {
    const run = makeRun();
    const step = capture(device, run.body);
    const next = batches(2);
    const calls = instrument(device);
    step(next());
    step(next());
    await device.sync();
    const { dispatches } = step.report()[0]!;
    Object.assign(calls, none());
    const live = device.memory();
    const steps = 40;
    for (let i = 0; i < steps; i++) {
      step(next());
      await Promise.resolve();
    }
    expect(calls).toMatchObject({ createComputePipeline: 0, createShaderModule: 0, createBuffer: 0, createBindGroup: 0, mapAsync: 0 });
    expect(calls.submits).toBe(steps);
    expect(calls.dispatches).toBe(steps * dispatches);
    expect(device.memory()).toEqual(live);
    step.dispose();
    run.close();
  });

  it("is one pass: nothing is copied or cleared on the way", async () => {
    const run = makeRun();
    const step = capture(device, run.body);
    const next = batches(2);
    step(next());
    await device.sync();
    const encoder = device.gpu.createCommandEncoder.bind(device.gpu);
    let passes = 0;
    device.gpu.createCommandEncoder = (...args) => {
      const made = encoder(...args);
      const begin = made.beginComputePass.bind(made);
      made.beginComputePass = (...more) => (passes++, begin(...more));
      return made;
    };
    step(next());
    await Promise.resolve();
    device.gpu.createCommandEncoder = encoder;
    expect(passes).toBe(1);
    step.dispose();
    run.close();
  });

  it("divides accumulated gradients, in a step of its own", async () => {
    const losses = async (isCaptured: boolean) => {
      const run = makeRun();
      const next = batches(3);
      const first = ({ tokens, targets }: { tokens: Tensor; targets: Tensor }) => {
        const loss = run.model.loss(tokens, targets);
        backward(loss);
        return loss;
      };
      const second = (batch: { tokens: Tensor; targets: Tensor }) => {
        const loss = first(batch);
        run.optimizer.step({ accumulated: 2 });
        run.optimizer.zeroGrad();
        return loss;
      };
      const [one, two] = isCaptured ? [capture(device, first), capture(device, second)] : [null, null];
      const call = async (batch: Batch, fn: typeof first, step: typeof one) => {
        if (step) return step(batch).item();
        const loss = scope(() => fn({ tokens: fromArray(device, batch.tokens, { shape: batch.shape, dtype: "i32" }), targets: fromArray(device, batch.targets, { shape: batch.shape, dtype: "i32" }) }));
        return loss.item();
      };
      const values: number[] = [];
      for (let i = 0; i < 5; i++) values.push(await call(next(), first, one), await call(next(), second, two));
      const weights = await bitsOf(run.model.parameters());
      expect([one?.report().length, two?.report().length]).toEqual(isCaptured ? [1, 1] : [undefined, undefined]);
      one?.dispose();
      two?.dispose();
      run.close();
      return { values, weights };
    };
    expect(await losses(true)).toEqual(await losses(false));
  });

  it("skips a step whose gradient is not finite, and goes on", async () => {
    const parameter = fromArray(device, Float32Array.of(1, 2), { requiresGrad: true });
    const optimizer = new SGD([parameter], { lr: linear({ from: 1, to: 0, steps: 4 }) });
    const step = capture(device, ({ x }: { x: Tensor }) => {
      optimizer.zeroGrad();
      const loss = sum(mul(parameter, x));
      backward(loss);
      optimizer.step();
      return loss;
    });
    const feeds = [[1, 1], [NaN, 1], [1, 1], [1, 1]];
    for (const x of feeds) step({ x: Float32Array.from(x) });
    expect(await optimizer.stats()).toMatchObject({ step: 3, skipped: 1 });
    expect([...(await parameter.data())]).toEqual([1 - 1 - 0.75 - 0.5, 2 - 1 - 0.75 - 0.5]);
    step.dispose();
    optimizer.dispose();
    parameter.dispose();
  });
});

describe("a loop that reads nothing", () => {
  it("is held back to a few steps ahead", async () => {
    const run = makeRun();
    const step = capture(device, run.body);
    const next = batches(2);
    let finished = 0;
    for (let launched = 1; launched <= 12; launched++) {
      step(next());
      device.queue.flush();
      void device.gpu.queue.onSubmittedWorkDone().then(() => finished++);
      await step.ready();
      expect(launched - finished).toBeLessThanOrEqual(2);
    }
    await step.ready(0);
    expect(finished).toBe(12);
    expect(await run.optimizer.stats()).toMatchObject({ step: 12 });
    await expect(step.ready(-1)).rejects.toThrow("ready: ahead must be");
    step.dispose();
    run.close();
  });
});

describe("what makes a captured step record again", () => {
  it("another shape, once: both recordings stay", async () => {
    const run = makeRun();
    const eager = makeRun();
    const step = capture(device, run.body);
    const [long, short] = [batches(1), batches(2, { ...sizes, block: 5 })];
    const [longE, shortE] = [batches(1), batches(2, { ...sizes, block: 5 })];
    for (let i = 0; i < 6; i++) {
      const [next, nextE] = i % 2 === 0 ? [long, longE] : [short, shortE];
      expect(await step(next()).item()).toBe(await eager.eager(nextE()));
    }
    expect(step.report().map(({ runs }) => runs)).toEqual([3, 3]);
    step.dispose();
    for (const one of [run, eager]) one.close();
  });

  it("train and eval mode, and a dropout's p", async () => {
    const { model, close } = makeRun();
    const step = capture(device, ({ tokens, targets }: { tokens: Tensor; targets: Tensor }) => noGrad(() => model.loss(tokens, targets)));
    const batch = batches(4)();
    const train = await step(batch).item();
    expect(await step(batch).item()).not.toBe(train);
    model.eval();
    const evaluated = await step(batch).item();
    expect(await step(batch).item()).toBe(evaluated);
    model.train();
    setDropout(model, 0);
    expect(await step(batch).item()).toBe(evaluated);
    expect(step.report()).toHaveLength(3);
    step.dispose();
    close();
  });

  it("noGrad around a call, but not another order of the inputs", async () => {
    const x = fromArray(device, [2], { requiresGrad: true });
    const step = capture(device, ({ a, b }: { a: Tensor; b: Tensor }) => {
      const y = mul(mul(x, a), b);
      if (y.requiresGrad) backward(y);
      return y;
    });
    noGrad(() => step({ a: 3, b: 5 }));
    expect(x.grad).toBeNull();
    step({ b: 5, a: 3 });
    expect(await x.grad!.item()).toBe(15);
    noGrad(() => step({ b: 5, a: 4 }));
    expect(step.report().map(({ signature }) => signature)).toEqual(["a:f32[] b:f32[]", "a:f32[] b:f32[] under noGrad"]);
    step.dispose();
    x.dispose();
  });

  it("parameters that went to another optimizer", async () => {
    const run = makeRun();
    const step = capture(device, ({ tokens, targets }: { tokens: Tensor; targets: Tensor }) => noGrad(() => run.model.inEvalMode(() => run.model.loss(tokens, targets))));
    const batch = batches(4)();
    const before = await step(batch).item();
    expect(await step(batch).item()).toBe(before);
    const other = new AdamW(run.model.parameters(), { lr: 0.1 });
    expect(await step(batch).item()).toBe(before);
    run.model.parameters()[0]!.set(new Float32Array(run.model.parameters()[0]!.size).fill(0.5));
    expect(await step(batch).item()).not.toBe(before);
    expect(step.report()).toHaveLength(2);
    step.dispose();
    other.dispose();
    run.close();
  });

  it("reset(), for a choice made on the host", async () => {
    let factor = 2;
    const step = capture(device, ({ x }: { x: Tensor }) => mul(x, factor));
    expect([...(await step({ x: Float32Array.of(1, 2) }).data())]).toEqual([2, 4]);
    factor = 3;
    expect([...(await step({ x: Float32Array.of(1, 2) }).data())]).toEqual([2, 4]);
    step.reset();
    expect([...(await step({ x: Float32Array.of(1, 2) }).data())]).toEqual([3, 6]);
    step.dispose();
  });
});

describe("inputs and results of a captured step", () => {
  it("takes tensors, arrays, numbers, lists, and nothing", async () => {
    const step = capture(device, ([a, { b, c }]: [Tensor, { b: Tensor; c: Tensor }]) => ({ sum: add(add(a, b), c), fixed: 7 }));
    const tensor = fromArray(device, Float32Array.of(10, 20));
    const result = step([tensor, { b: Float32Array.of(1, 2), c: 0.5 }]);
    expect([...(await result.sum.data())]).toEqual([11.5, 22.5]);
    expect(result.fixed).toBe(7);
    tensor.set([30, 40]);
    expect([...(await step([tensor, { b: Float32Array.of(3, 4), c: -1 }]).sum.data())]).toEqual([32, 43]);
    const counter = fromArray(device, Float32Array.of(0));
    const increments = capture(device, () => add(counter, 1));
    expect(await increments().item()).toBe(1);
    for (const held of [tensor, counter]) held.dispose();
    step.dispose();
    increments.dispose();
  });

  it("host constants made inside are there at every replay, though kernels reuse their memory", async () => {
    const step = capture(device, ({ x }: { x: Tensor }) => {
      const scratch = add(fromArray(x.device, Float32Array.of(1, 2, 3)), x);
      scratch.set([5, 5, 5]);
      return add(mul(scratch, x), fromArray(x.device, Float32Array.of(0.5, 0.5, 0.5)));
    });
    for (const x of [1, 2, 3]) expect([...(await step({ x: new Float32Array(3).fill(x) }).data())]).toEqual(new Array(3).fill(5 * x + 0.5));
    step.dispose();
  });

  it("updates running statistics as eager does", async () => {
    const run = async (isCaptured: boolean) => {
      const norm = new BatchNorm1d(device, 4);
      const body = ({ x }: { x: Tensor }) => norm.forward(x);
      const step = isCaptured ? capture(device, body) : null;
      const random = new Generator(1);
      for (let i = 0; i < 4; i++) {
        const values = random.normal(6 * 4);
        if (step) step({ x: fromArray(device, values, { shape: [6, 4] }) });
        else scope(() => body({ x: fromArray(device, values, { shape: [6, 4] }) }));
      }
      const bits = await bitsOf([norm.runningMean, norm.runningVar]);
      step?.dispose();
      norm.dispose();
      return bits;
    };
    expect(await run(true)).toEqual(await run(false));
  });

  it("a result of an earlier call cannot be read, but a read under way is right", async () => {
    const step = capture(device, ({ x }: { x: Tensor }) => mul(x, 2));
    const first = step({ x: Float32Array.of(1) });
    const reading = first.item();
    const second = step({ x: Float32Array.of(2) });
    await expect(first.item()).rejects.toThrow(/the next call of the captured step wrote over it/);
    expect([await reading, await second.item()]).toEqual([2, 4]);
    step.dispose();
    expect(() => step({ x: Float32Array.of(2) })).toThrow(DisposedError);
  });

  it("leaves gradients as the function does, also after a zeroGrad outside", async () => {
    const run = makeRun();
    const step = capture(device, ({ tokens, targets }: { tokens: Tensor; targets: Tensor }) => {
      run.optimizer.zeroGrad();
      const loss = run.model.loss(tokens, targets);
      backward(loss);
      return loss;
    });
    const next = batches(1);
    step(next());
    const [parameter] = run.model.parameters();
    const first = [...(await parameter!.grad!.data())];
    run.optimizer.zeroGrad();
    expect(parameter!.grad).toBeNull();
    step(next());
    const second = [...(await parameter!.grad!.data())];
    expect(second).not.toEqual(first);
    expect(step.report()).toHaveLength(1);
    step.dispose();
    run.close();
  });

  it("an in-place change by a replay makes an older tape throw", () => {
    const run = makeRun();
    const step = capture(device, run.body);
    const next = batches(1);
    step(next());
    const { tokens, targets, shape } = next();
    const loss = run.model.loss(fromArray(device, tokens, { shape, dtype: "i32" }), fromArray(device, targets, { shape, dtype: "i32" }));
    step(next());
    expect(() => backward(loss)).toThrow(/changed in place/);
    step.dispose();
    run.close();
  });
});

describe("what cannot be captured", () => {
  const x = () => ({ x: Float32Array.of(1) });

  it("a read inside", () => {
    const step = capture(device, ({ x }: { x: Tensor }) => {
      void x.item().catch(() => {});
      return x;
    });
    const refused = /capture: memory is read back .* inside the captured function/;
    let rejected: Promise<number> | null = null;
    const reads = capture(device, ({ x }: { x: Tensor }) => {
      rejected = x.item();
      return x;
    });
    reads(x());
    step(x());
    return expect(rejected).rejects.toThrow(refused);
  });

  it("host randomness, asynchronous functions, captured steps inside", () => {
    const generator = new Generator(1);
    expect(() => capture(device, () => fromArray(device, generator.normal(3)))()).toThrow(/Generator.normal\(\) draws on the host/);
    expect(() => capture(device, async () => {})()).toThrow(UsageError);
    const inner = capture(device, ({ x }: { x: Tensor }) => mul(x, 2));
    expect(() => capture(device, () => inner(x()))()).toThrow(/inside another/);
    inner.dispose();
  });

  it("bad input: says which", () => {
    const step = capture(device, ({ x }: { x: Tensor }) => x);
    expect(() => step({ x: "1" as unknown as Tensor })).toThrow("capture: input x must be a tensor, a Float32Array, Int32Array or Uint32Array, a number, or a list or object of them, got string");
    expect(() => step({ x: Float32Array.of(1, 2, 3), shape: [2, 2] })).toThrow("capture: input x does not have the shape beside it, got 3 values for [2, 2]");
    expect(() => capture(device, null as unknown as () => Tensor)).toThrow("capture: needs a device and a function");
  });

  it("a function that throws leaves nothing behind", () => {
    const before = device.memory();
    const step = capture(device, ({ x }: { x: Tensor }) => {
      mul(x, 2);
      throw new Error("mine");
    });
    expect(() => step(x())).toThrow("mine");
    expect(device.memory().liveBytes).toBe(before.liveBytes);
    expect(device.queue.recording).toBeNull();
  });
});
