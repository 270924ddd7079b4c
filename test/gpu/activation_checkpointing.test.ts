// Activation checkpointing: the same bits as without it, in less memory.
import { beforeAll, describe, expect, it } from "vitest";
import { capture } from "../../src/capture/index.js";
import type { Device } from "../../src/gpu/device.js";
import { GPT } from "../../src/nn/index.js";
import { add, dropout, fromArray, mul, sum } from "../../src/ops/index.js";
import { AdamW } from "../../src/optim/index.js";
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
    expect(await run(checkpoint)).toEqual(await run(((fn: (...inputs: Tensor[]) => Tensor, ...inputs: Tensor[]) => fn(...inputs)) as typeof checkpoint));
  });

  it("works where only a leaf inside wants a gradient", async () => {
    const w = leaf([2, 3]);
    scope(() => backward(sum(checkpoint((x: Tensor) => mul(x, w), fromArray(device, [10, 20])))));
    expect(await gradientOf(w)).toEqual([10, 20]);
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
    const generator = new Generator(4);
    let runs = 0;
    const fickle = checkpoint((a: Tensor) => (++runs === 1 ? mul(a, 2) : dropout(a, { p: 0.5, generator })), x);
    expect(() => backward(fickle)).toThrow("took other random numbers when it was run again; it must do the same both times, got more");
    runs = 0;
    const lazy = checkpoint((a: Tensor) => (++runs === 1 ? dropout(a, { p: 0.5, generator }) : mul(a, 2)), x);
    expect(() => backward(lazy)).toThrow("got 1 fewer");
  });
});
