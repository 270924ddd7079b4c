import { describe, expect, it } from "vitest";
import type { Device } from "../../src/gpu/device.js";
import { BatchNorm1d, Dropout, GPT, Linear, Sequential, Tanh } from "../../src/nn/index.js";
import { fromArray, mseLoss } from "../../src/ops/index.js";
import { AdamW, SGD } from "../../src/optim/index.js";
import { backward } from "../../src/tensor/backward.js";
import { scope } from "../../src/tensor/scope.js";
import { hessianVector } from "../../src/tune/hessian_vector.js";
import { distance, dot, norm } from "../../src/tune/host_vectors.js";
import { lanczos } from "../../src/tune/lanczos.js";
import { sharpness } from "../../src/tune/sharpness.js";
import { testDevice } from "../support/device.js";
import { drawBatch, drawParameters, parameterShapes, runReference, type Batch, type ReferenceConfig, type Values } from "../support/gpt_reference.js";
import { exactHessian, HyperDual } from "../support/hyper_dual.js";
import { withoutLeak } from "../support/leak_check.js";
import { testRandom } from "../support/nd.js";
import { quadratic } from "../support/quadratic.js";

const drawn = (size: number, seed: number) => {
  const random = testRandom(seed);
  return Float64Array.from({ length: size }, () => random.normal());
};

/** |got - want| within what the product says of itself: an estimate, so twice it. */
function expectWithin({ product, error }: { product: Float64Array; error: number }, want: Float64Array, most: number): void {
  const off = distance(product, want);
  expect(off, `${off / norm(want)} of |Hv|, said ${error / norm(want)}`).toBeLessThan(2 * error + 1e-6 * norm(want));
  expect(error).toBeLessThan(most * norm(want));
}

describe("hessianVector of a tiny MLP against its exact Hessian", () => {
  const [inputs, hidden, rows] = [3, 4, 6];
  const x = drawn(rows * inputs, 1).map(Math.fround);
  const y = drawn(rows, 2).map(Math.fround);

  /** Mean of (w2 tanh(W1 x + b1) + b2 - y)^2, parameters in PyTorch's order. */
  function loss(p: readonly HyperDual[]): HyperDual {
    let total = new HyperDual(0);
    for (let r = 0; r < rows; r++) {
      let out = p[hidden * inputs + 2 * hidden]!;
      for (let h = 0; h < hidden; h++) {
        let sum = p[hidden * inputs + h]!;
        for (let i = 0; i < inputs; i++) sum = sum.plus(p[h * inputs + i]!.times(new HyperDual(x[r * inputs + i]!)));
        out = out.plus(sum.tanh().times(p[hidden * inputs + hidden + h]!));
      }
      const miss = out.plus(new HyperDual(-y[r]!));
      total = total.plus(miss.times(miss).times(new HyperDual(1 / rows)));
    }
    return total;
  }

  async function problem(device: Device) {
    const model = new Sequential(new Linear(device, inputs, hidden, { seed: 1 }), new Tanh(), new Linear(device, hidden, 1, { seed: 2 }));
    const data = { x: fromArray(device, x, { shape: [rows, inputs] }), y: fromArray(device, y, { shape: [rows, 1] }) };
    // All in one group, in the model's order: W1, b1, W2, b2.
    const optimizer = new SGD(model.parameters(), { lr: 0.01 });
    const values = (await Promise.all(model.parameters().map((tensor) => tensor.data()))).flatMap((part) => [...part]);
    const dispose = () => {
      for (const part of [data.x, data.y, optimizer, model]) part.dispose();
    };
    return { target: { optimizer, model, loss: () => mseLoss(model.forward(data.x), data.y) }, hessian: exactHessian(loss, values), n: values.length, dispose };
  }

  it("every column, and a random direction, within the error that it reports", () =>
    withoutLeak(async (device) => {
      const { target, hessian, n, dispose } = await problem(device);
      for (let j = 0; j < n; j += 3) {
        const unit = Float64Array.from({ length: n }, (_, i) => (i === j ? 1 : 0));
        expectWithin(await hessianVector(target, unit), Float64Array.from(unit, (_, i) => hessian[i * n + j]!), 1e-3);
      }
      const v = drawn(n, 9);
      const want = Float64Array.from(v, (_, i) => dot(v, hessian.subarray(i * n, (i + 1) * n)));
      expectWithin(await hessianVector(target, v), want, 1e-3);
      dispose();
    }));

  it("sharpness is the highest eigenvalue of the exact Hessian, within its error", () =>
    withoutLeak(async (device) => {
      const { target, hessian, n, dispose } = await problem(device);
      const exact = await lanczos((v) => Float64Array.from(v, (_, i) => dot(v, hessian.subarray(i * n, (i + 1) * n))), drawn(n, 4), { iterations: n, tolerance: 1e-9 });
      const found = await sharpness(target);
      expect(Math.abs(found.lambdaMax - exact.highest)).toBeLessThan(found.error + 1e-4 * exact.highest);
      expect(found.error).toBeLessThan(0.02 * exact.highest);
      dispose();
    }));
});

describe("hessianVector of a GPT against float64", () => {
  const sizes = { layers: 1, heads: 2, width: 16, block: 8, vocab: 13 };
  const configs: ReferenceConfig[] = [
    { ...sizes, tied: true, activation: "gelu", norm: "pre" },
    { ...sizes, tied: false, activation: "gelu", norm: "post" },
  ];

  it.each(configs)("$norm norm, tied $tied: along the gradient and along a random direction, over two batches", (config) =>
    withoutLeak(async (device) => {
      const parameters = drawParameters(config, 5);
      const batches = [drawBatch(config, 3, 8, 6), drawBatch(config, 3, 8, 7)];
      const model = new GPT(device, { ...config, seed: 1 });
      const shapes = new Map(parameterShapes(config));
      model.loadStateDict(Object.fromEntries([...parameters].map(([name, data]) => [name, { shape: shapes.get(name)!, data }])));
      const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }));
      const names = new Map([...model.namedParameters()].map(([name, tensor]) => [tensor, name]));
      const order = optimizer.parameters.map((tensor) => names.get(tensor)!);
      const uploaded = batches.map((batch) => upload(device, batch));
      const target = { optimizer, model, loss: (batch: number) => model.loss(uploaded[batch]!.tokens, uploaded[batch]!.targets) };
      const gradient = meanGradient(config, parameters, batches, order);
      for (const v of [gradient, drawn(gradient.length, 8)]) {
        const h = 1e-5 / norm(v);
        const [ahead, behind] = [1, -1].map((sign) => meanGradient(config, moved(parameters, order, v, sign * h), batches, order));
        const want = ahead!.map((value, i) => (value - behind![i]!) / (2 * h));
        expectWithin(await hessianVector(target, v, { batches: 2 }), want, 2e-3);
      }
      for (const part of [...uploaded.flatMap(({ tokens, targets }) => [tokens, targets]), optimizer, model]) part.dispose();
    }),
  );

  function upload(device: Device, { batch, seq, tokens, targets }: Batch) {
    const put = (values: Int32Array) => fromArray(device, values, { shape: [batch, seq], dtype: "i32" });
    return { tokens: put(tokens), targets: put(targets) };
  }

  function meanGradient(config: ReferenceConfig, parameters: Values, batches: readonly Batch[], order: readonly string[]): Float64Array {
    const all = batches.map((batch) => runReference(config, parameters, batch).gradients);
    return Float64Array.from(order.flatMap((name) => [...all[0]!.get(name)!].map((_, i) => all.reduce((sum, gradients) => sum + gradients.get(name)![i]!, 0) / all.length)));
  }

  function moved(parameters: Values, order: readonly string[], v: Float64Array, h: number): Values {
    let at = 0;
    const result: Values = new Map(parameters);
    for (const name of order) result.set(name, parameters.get(name)!.map((value) => value + h * v[at++]!));
    return result;
  }
});

describe("hessianVector", () => {
  it("repeats bit for bit with dropout and batch norm, and leaves parameters, gradients, moments, statistics and draws as they were", () =>
    withoutLeak(async (device) => {
      const model = new Sequential(new Linear(device, 5, 8, { seed: 1 }), new BatchNorm1d(device, 8), new Tanh(), new Dropout(0.3, { seed: 4 }), new Linear(device, 8, 1, { seed: 2 }));
      const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr: 0.01 });
      const x = fromArray(device, drawn(60, 1), { shape: [12, 5] });
      const y = fromArray(device, drawn(12, 2), { shape: [12, 1] });
      const loss = () => mseLoss(model.forward(x), y);
      const train = () =>
        scope(() => {
          optimizer.zeroGrad();
          backward(loss());
          optimizer.step();
        });
      train();
      const dropout = model.modules().find((module) => module instanceof Dropout)!;
      const look = async () => ({
        state: await Promise.all(Object.values(model.stateDict()).map(async (tensor) => [...(await tensor.data())])),
        gradients: await Promise.all(model.parameters().map(async (tensor) => [...(await tensor.grad!.data())])),
        optimizer: await optimizer.stateDict(),
        draws: dropout.options!.generator.stateDict(),
      });
      const before = await look();
      const target = { optimizer, model, loss };
      const v = drawn(model.parameterCount(), 3);
      const [one, two] = [await hessianVector(target, v), await hessianVector(target, v)];
      expect(two).toEqual(one);
      expect(norm(one.product)).toBeGreaterThan(0);
      expect(await sharpness(target, { iterations: 4 })).toEqual(await sharpness(target, { iterations: 4 }));
      expect(await look()).toEqual(before);
      for (const part of [x, y, optimizer, model]) part.dispose();
    }));

  it("is the mean over the batches", async () => {
    const device = await testDevice();
    const problems = [quadratic(device, [1, 2, 3], 1), quadratic(device, [4, 5, 9], 2)];
    const { x, matrix: first, loss } = problems[0]!;
    const { matrix: second } = problems[1]!;
    // The second batch has the second's matrix and the first's parameter.
    const other = fromArray(device, second, { shape: [3, 3] });
    const target = { optimizer: new SGD([x]), loss: (batch: number) => (batch === 0 ? loss() : x.mul(other.matmul(x)).sum().mul(0.5)) };
    const v = Float64Array.of(1, -2, 0.5);
    const times = (matrix: Float64Array) => Float64Array.from(v, (_, i) => dot(v, matrix.subarray(3 * i, 3 * i + 3)));
    const want = times(first).map((value, i) => (value + times(second)[i]!) / 2);
    const { product } = await hessianVector(target, v, { batches: 2 });
    expect(distance(product, want)).toBeLessThan(1e-4 * norm(want));
  });

  it("leaves frozen groups out", async () => {
    const device = await testDevice();
    const [moving, still] = [quadratic(device, [1, 2]), quadratic(device, [100, 200])];
    const optimizer = new SGD([{ params: [moving.x] }, { params: [still.x], frozen: true }]);
    const loss = () => moving.loss().add(still.loss());
    expect((await hessianVector({ optimizer, loss }, [1, 0])).product).toHaveLength(2);
    expect((await sharpness({ optimizer, loss })).lambdaMax).toBeCloseTo(2, 2);
  });

  it("refuses what makes no sense", async () => {
    const device = await testDevice();
    const { x, loss } = quadratic(device, [1, 2, 3]);
    const target = { optimizer: new SGD([x]), loss };
    await expect(hessianVector(target, undefined as never)).rejects.toThrow("hessianVector: v must be an array of numbers, one for each parameter, got undefined");
    await expect(hessianVector(target, [1, 2])).rejects.toThrow("hessianVector: v must have an element for each of 3 parameters, got 2");
    await expect(hessianVector(target, [1, NaN, 2])).rejects.toThrow("hessianVector: v must be finite, got a norm of NaN");
    await expect(hessianVector(target, [1, 2, 3], { step: 0 })).rejects.toThrow("step must be a finite number > 0, got 0");
    await expect(hessianVector(target, [1, 2, 3], { batches: 0 })).rejects.toThrow("batches must be a whole number >= 1");
    await expect(hessianVector(target, [1, 2, 3], { epsilon: 1 } as never)).rejects.toThrow('unknown option "epsilon"');
    await expect(sharpness(target, { iterations: 0 })).rejects.toThrow("sharpness: iterations must be");
    await expect(sharpness(target, { tolerance: 1 })).rejects.toThrow("sharpness: tolerance must be");
    await expect(sharpness(target, { method: "qr" as never })).rejects.toThrow('method must be "lanczos" or "power", got qr');
    await expect(sharpness(target, { preconditioned: "yes" as never })).rejects.toThrow('preconditioned must be true, false or "auto"');
    await expect(sharpness(target, { preconditioned: true })).rejects.toThrow("preconditioned needs an optimizer that scales elements by their gradients, got SGD; use Adam, AdamW");
    x.set([NaN, 1, 1]);
    await expect(sharpness(target)).rejects.toThrow("sharpness: the loss and its gradient must be finite, got a loss of NaN");
  });

  it("stops at a signal, and puts everything back", async () => {
    const device = await testDevice();
    const { x, loss } = quadratic(device, [1, 2, 3, 4, 5, 6]);
    const before = [...(await x.data())];
    const controller = new AbortController();
    const search = sharpness({ optimizer: new SGD([x]), loss }, { signal: controller.signal, onProgress: ({ done }) => done === 2 && controller.abort() });
    await expect(search).rejects.toThrow(/abort/i);
    expect([...(await x.data())]).toEqual(before);
  });
});
