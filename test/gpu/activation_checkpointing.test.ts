// Activation checkpointing: the same bits as without it, in less memory.
import { beforeAll, describe, expect, it } from "vitest";
import { capture } from "../../src/capture/index.js";
import { FeatureError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { GPT } from "../../src/nn/index.js";
import { add, dropout, fromArray, matmul, mul, sum } from "../../src/ops/index.js";
import { AdamW } from "../../src/optim/index.js";
import { autocast } from "../../src/tensor/autocast.js";
import { backward } from "../../src/tensor/backward.js";
import { checkpoint } from "../../src/tensor/checkpoint.js";
import { Generator } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { noGrad } from "../../src/tensor/tape.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const leaf = (values: number[]) => fromArray(device, values, { requiresGrad: true });
const plain = ((fn: (...inputs: Tensor[]) => Tensor, ...inputs: Tensor[]) => fn(...inputs)) as typeof checkpoint;
const gradientOf = async (tensor: Tensor) => [...(await tensor.grad!.data())];
const bitsOf = async (tensors: readonly Tensor[]) => Promise.all(tensors.map(async (tensor) => [...new Uint32Array((await tensor.data()).slice().buffer)]));

/** Losses, weights and the generator after `steps` steps. */
async function train(activationCheckpointing: boolean, how: { captured?: boolean; norm?: "pre" | "post" } = {}) {
  const shape = [2, 8] as const;
  const model = new GPT(device, { layers: 3, heads: 2, width: 16, block: 8, vocab: 9, dropout: 0.25, norm: how.norm ?? "pre", seed: 5, activationCheckpointing });
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr: 1e-2, clipNorm: 1 });
  const body = ({ tokens, targets }: { tokens: Tensor; targets: Tensor }) => {
    optimizer.zeroGrad();
    const loss = model.loss(tokens, targets);
    backward(loss);
    optimizer.step();
    return loss;
  };
  const step = how.captured ? capture(device, body) : null;
  const random = new Generator(2);
  const losses: number[] = [];
  for (let i = 0; i < 6; i++) {
    const draw = () => Int32Array.from(random.integers(16, 9));
    const feed = { tokens: draw(), targets: draw() };
    const upload = (values: Int32Array) => fromArray(device, values, { shape, dtype: "i32" });
    const loss = step ? step({ ...feed, shape }) : scope(() => body({ tokens: upload(feed.tokens), targets: upload(feed.targets) }));
    losses.push(await loss.item());
    if (!step) loss.dispose();
  }
  const result = { losses, weights: await bitsOf(model.parameters()), draws: model.generator.stateDict() };
  step?.dispose();
  optimizer.dispose();
  model.dispose();
  return result;
}

describe("GPT({ activationCheckpointing })", () => {
  it.each(["pre", "post"] as const)("trains to the same bits, dropout included, eager and captured: %s norm", async (norm) => {
    const before = device.memory().liveBytes;
    const plain = await train(false, { norm });
    expect(new Set(plain.losses).size).toBe(6);
    expect(await train(true, { norm })).toEqual(plain);
    expect(await train(true, { norm, captured: true })).toEqual(plain);
    expect(device.memory().liveBytes).toBe(before);
  });

  it("needs less memory", () => {
    const peak = (activationCheckpointing: boolean) => {
      const model = new GPT(device, { layers: 6, heads: 2, width: 32, block: 32, vocab: 16, seed: 1, activationCheckpointing });
      const tokens = fromArray(device, new Int32Array(8 * 32), { shape: [8, 32], dtype: "i32" });
      const { liveBytes } = device.memory();
      device.pool.resetPeak();
      scope(() => backward(model.loss(tokens, tokens)));
      const { peakBytes } = device.memory();
      for (const part of [model, tokens]) part.dispose();
      return peakBytes - liveBytes;
    };
    expect(peak(true)).toBeLessThan(0.5 * peak(false));
  });
});

describe("checkpoint", () => {
  it("reaches inputs and leaves that are none, adds to gradients, and may be nested", async () => {
    const run = async (wrap: typeof checkpoint) => {
      const [x, w, u] = [leaf([1, 2, 3]), leaf([4, 5, 6]), leaf([7, 8, 9])];
      for (let pass = 0; pass < 2; pass++) {
        scope(() => {
          const y = wrap((a: Tensor, b: Tensor) => mul(wrap((c: Tensor) => mul(c, w), a), add(b, u)), x, mul(w, 2));
          backward(sum(mul(add(y, x), y)));
        });
      }
      return Promise.all([x, w, u].map(gradientOf));
    };
    expect(await run(checkpoint)).toEqual(await run(plain));
  });

  it("works where only a leaf inside wants a gradient", async () => {
    const w = leaf([2, 3]);
    scope(() => backward(sum(checkpoint((x: Tensor) => mul(x, w), fromArray(device, [10, 20])))));
    expect(await gradientOf(w)).toEqual([10, 20]);
  });

  it("may use computed tensors that are no inputs, here and elsewhere", async () => {
    const run = async (wrap: typeof checkpoint) => {
      const before = device.memory().liveBytes;
      const [x, w] = [leaf([3, 5]), leaf([2, 7])];
      scope(() => {
        const h = mul(w, w);
        const once = wrap((a: Tensor) => mul(wrap((b: Tensor) => mul(b, h), a), h), x);
        backward(sum(add(add(once, wrap((a: Tensor) => mul(h, a), x)), mul(h, h))));
      });
      const gradients = await Promise.all([x, w].map(gradientOf));
      for (const tensor of [x, w]) tensor.dispose();
      return { gradients, left: device.memory().liveBytes - before };
    };
    expect(await run(checkpoint)).toEqual(await run(plain));
  });

  it("may return an input, or a tensor that is none, after other work", async () => {
    const run = async (wrap: typeof checkpoint) => {
      const [x, w, u] = [leaf([3]), leaf([2]), leaf([5])];
      scope(() => {
        const h = mul(u, 2);
        const back = wrap((a: Tensor) => (mul(a, w), a), mul(x, 2));
        const others = [wrap((a: Tensor) => (mul(a, w), w), x), wrap((a: Tensor) => (mul(a, w), h), x), wrap((_: Tensor) => h, x)];
        backward(sum(mul(others.reduce((total, other) => add(total, other), back), 7)));
      });
      return Promise.all([x, w, u].map(gradientOf));
    };
    expect(await run(checkpoint)).toEqual(await run(plain));
  });

  it("computes in the types of the first time, wherever backward runs", async () => {
    const run = async (wrap: typeof checkpoint, isInside: boolean) => {
      const random = new Generator(1);
      const [x, w, u] = [1, 2, 3].map(() => fromArray(device, random.normal(64), { shape: [8, 8], requiresGrad: true }));
      scope(() => {
        const forward = () => sum(wrap((a: Tensor) => matmul(matmul(a, w!), u!), x!));
        const loss = isInside ? autocast({ dtype: "f16" }, forward) : forward();
        if (isInside) backward(loss);
        else autocast({ dtype: "f16" }, () => backward(loss));
      });
      return bitsOf([x!, w!, u!].map(({ grad }) => grad!));
    };
    if (device.features.has("shader-f16")) expect(await run(checkpoint, true)).toEqual(await run(plain, true));
    else await expect(run(checkpoint, true)).rejects.toThrow(FeatureError);
    expect(await run(checkpoint, false)).toEqual(await run(plain, false));
  });

  it.each(["input", "leaf", "computed"] as const)("notices that a tensor was changed in place: %s", (which) => {
    const [x, w] = [leaf([3]), leaf([2])];
    const h = mul(w, 3);
    const y = sum(checkpoint((a: Tensor) => mul(mul(a, w), h), x));
    ({ input: x, leaf: w, computed: h })[which].set([100]);
    expect(() => backward(y)).toThrow("backward: a tensor that checkpoint saved was changed in place; change it after backward");
  });

  it("records nothing where nothing wants one", () => {
    const x = fromArray(device, [1]);
    const y = leaf([1]);
    expect(checkpoint((a: Tensor) => mul(a, 2), x).requiresGrad).toBe(false);
    expect(noGrad(() => checkpoint((a: Tensor) => mul(a, 2), y)).requiresGrad).toBe(false);
  });

  it("drops the same elements again, and leaves the generator where one run leaves it", async () => {
    const generator = new Generator(4);
    const x = leaf(new Array(64).fill(1));
    const y = checkpoint((a: Tensor) => dropout(dropout(a, { p: 0.5, generator }), { p: 0.25, generator }), x);
    backward(sum(y));
    expect(await gradientOf(x)).toEqual([...(await y.data())]);
    expect(generator.stateDict()).toEqual({ seed: 4, offset: 2 });
  });

  it("says what is wrong with the function", () => {
    const x = leaf([1]);
    expect(() => checkpoint(null as unknown as () => Tensor)).toThrow("checkpoint: needs a function and its inputs, got object");
    expect(() => checkpoint((_: Tensor) => 3 as unknown as Tensor, x)).toThrow("checkpoint: the function must return a tensor, got number");
    expect(() => checkpoint((async (_: Tensor) => x) as unknown as (_: Tensor) => Tensor, x)).toThrow("a promise");
    expect(() => checkpoint((a: Tensor, _: Tensor) => mul(a, 2), x, 5 as unknown as Tensor)).toThrow("checkpoint: inputs must be tensors, got number as input 1; let the function use other values itself");
    const gone = leaf([1]);
    gone.dispose();
    expect(() => checkpoint((a: Tensor) => mul(a, 2), gone)).toThrow("checkpoint: input 0 f32[1] is used after dispose()");
    const generator = new Generator(4);
    let runs = 0;
    const shrinking = checkpoint((a: Tensor) => (++runs === 1 ? mul(a, 2) : sum(a)), x);
    expect(() => backward(shrinking)).toThrow("checkpoint: the function returned something else when it was run again, got f32[] after f32[1]");
    const [early, late] = [mul(x, 2), mul(x, 3)];
    const wandering = checkpoint((a: Tensor) => mul(a, ++runs === 3 ? early : late), x);
    expect(() => backward(wandering)).toThrow("checkpoint: the function used other tensors when it was run again; it must do the same both times");
    expect(x.grad).toBeNull();
    runs = 0;
    const fickle = checkpoint((a: Tensor) => (++runs === 1 ? mul(a, 2) : dropout(a, { p: 0.5, generator })), x);
    expect(() => backward(fickle)).toThrow("took other random numbers when it was run again; it must do the same both times, got more");
    runs = 0;
    const lazy = checkpoint((a: Tensor) => (++runs === 1 ? dropout(a, { p: 0.5, generator }) : mul(a, 2)), x);
    expect(() => backward(lazy)).toThrow("got 1 fewer");
  });
});
