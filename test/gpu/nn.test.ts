// Modules: registration, state, modes, and each layer against a plain computation.
import { describe, expect, it } from "vitest";
import { CheckpointError, DTypeError, ShapeError, UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import * as nn from "../../src/nn/index.js";
import { fromArray, mul, sum, zeros } from "../../src/ops/index.js";
import { Generator } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { withoutLeak } from "../support/leak_check.js";
import { testRandom } from "../support/nd.js";
import { compare, type ToleranceClass } from "../support/tolerances.js";

class Counter extends nn.Layer {
  readonly scale: Tensor;
  readonly seen: Tensor;

  constructor(device: Device) {
    super();
    this.scale = this.registerParameter("scale", fromArray(device, [2]));
    this.seen = this.registerBuffer("seen", fromArray(device, [0], { dtype: "i32" }));
  }

  forward(x: Tensor): Tensor {
    return mul(x, this.scale);
  }

  add(name: string, tensor: Tensor): void {
    this.registerParameter(name, tensor);
  }
}

function randomTensor(device: Device, shape: readonly number[], seed: number): { tensor: Tensor; values: Float32Array } {
  const random = testRandom(seed);
  const size = shape.reduce((product, extent) => product * extent, 1);
  const values = Float32Array.from({ length: size }, () => random.normal());
  return { tensor: fromArray(device, values, { shape }), values };
}

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: ToleranceClass): void {
  const result = compare(got, want, tolerance);
  expect(result.worst, result.message).toBeLessThanOrEqual(1);
}

describe("Module", () => {
  it("names parameters and buffers with dots, in order", () =>
    withoutLeak((device) => {
      const model = new nn.Sequential(new nn.Linear(device, 3, 4), new nn.ReLU(), new nn.BatchNorm1d(device, 4), new Counter(device));
      expect([...model.namedParameters().keys()]).toEqual(["0.weight", "0.bias", "2.weight", "2.bias", "3.scale"]);
      expect([...model.namedBuffers().keys()]).toEqual(["2.running_mean", "2.running_var", "3.seen"]);
      expect(Object.keys(model.stateDict())).toEqual([...model.namedParameters().keys(), ...model.namedBuffers().keys()]);
      expect(model.parameters()).toEqual([...model.namedParameters().values()]);
      expect(model.parameterCount()).toBe(12 + 4 + 4 + 4 + 1);
      expect(model.parameters().every(({ requiresGrad }) => requiresGrad)).toBe(true);
      expect([...model.namedBuffers().values()].some(({ requiresGrad }) => requiresGrad)).toBe(false);
      model.dispose();
      model.dispose();
    }));

  it("refuses names with dots, names taken, integers and computed tensors as parameters", () =>
    withoutLeak((device) => {
      const model = new Counter(device);
      const one = fromArray(device, [1]);
      const whole = fromArray(device, [1], { dtype: "i32" });
      const computed = model.forward(one);
      expect(() => model.add("a.b", one)).toThrow('Counter: a name has no dots or spaces, got "a.b"');
      expect(() => model.add("scale", one)).toThrow('Counter: the name "scale" is registered already');
      expect(() => model.add("seen", one)).toThrow("is registered already");
      expect(() => model.add("whole", whole)).toThrow(DTypeError);
      expect(() => model.add("computed", computed)).toThrow('Counter: a parameter is a leaf, got "computed" computed by mul; use detach()');
      for (const tensor of [one, whole, computed]) tensor.dispose();
      model.dispose();
    }));

  it("a model made inside a scope outlives it", () =>
    withoutLeak(async (device) => {
      const model = scope(() => ({ inside: new nn.Linear(device, 2, 2, { init: nn.init.ones(), bias: false }) })).inside;
      expect([...(await model.weight.data())]).toEqual([1, 1, 1, 1]);
      model.dispose();
    }));

  it("train and eval reach every child; inEvalMode gives each its own mode back, also after an error", () =>
    withoutLeak((device) => {
      const inner = new nn.Dropout(0.5);
      const model = new nn.Sequential(new nn.Linear(device, 2, 2), new nn.Sequential(inner));
      expect([model.training, inner.training]).toEqual([true, true]);
      model.eval();
      expect([model.training, inner.training]).toEqual([false, false]);
      model.train();
      inner.eval();
      expect(model.inEvalMode(() => [model.training, inner.training])).toEqual([false, false]);
      expect([model.training, inner.training]).toEqual([true, false]);
      expect(() => model.inEvalMode(() => { throw new Error("stop"); })).toThrow("stop");
      expect([model.training, inner.training]).toEqual([true, false]);
      model.dispose();
    }));

  it("groups decay matrices only, and leave out a group without parameters", () =>
    withoutLeak((device) => {
      const layer = new nn.Linear(device, 3, 2);
      expect(layer.groups({ weightDecay: 0.1 })).toEqual([
        { params: [layer.weight], weightDecay: 0.1 },
        { params: [layer.bias], weightDecay: 0 },
      ]);
      const norm = new nn.RMSNorm(device, 3);
      expect(norm.groups({ weightDecay: 0.1 })).toEqual([{ params: [norm.weight], weightDecay: 0 }]);
      expect(() => layer.groups({ weightDecay: -1 })).toThrow("groups: weightDecay must be a finite number >= 0, got -1");
      layer.dispose();
      norm.dispose();
    }));

  it("a tied weight is one parameter, known by its first name", () =>
    withoutLeak((device) => {
      const first = new nn.Embedding(device, 5, 3);
      const tied = new nn.ModuleMap({ first, second: new nn.Linear(device, 3, 5, { weight: first.weight, bias: false }) });
      expect([...tied.namedParameters().keys()]).toEqual(["first.weight"]);
      expect(Object.keys(tied.stateDict())).toEqual(["first.weight"]);
      expect(tied.parameterCount()).toBe(15);
      expect(() => new nn.Linear(device, 4, 5, { weight: first.weight })).toThrow("Linear: weight must be [5, 4], got [5, 3]");
      expect(() => new nn.Linear(device, 3, 5, { weight: first.weight, init: nn.init.ones() })).toThrow("give weight or init, not both");
      tied.dispose();
    }));
});

describe("loadStateDict", () => {
  it("copies tensors and host values into place, and the copy is independent", () =>
    withoutLeak(async (device) => {
      const [a, b] = [1, 2].map((seed) => new nn.Sequential(new nn.Linear(device, 3, 2, { seed }), new Counter(device))) as [nn.Sequential, nn.Sequential];
      expect(b.loadStateDict(a.stateDict())).toEqual({ missing: [], unexpected: [] });
      for (const [name, tensor] of Object.entries(b.stateDict())) {
        expect(tensor, name).not.toBe(a.stateDict()[name]);
        expect(await tensor.data(), name).toEqual(await a.stateDict()[name]!.data());
      }
      a.stateDict()["0.bias"]!.set([7, 8]);
      expect(await b.stateDict()["0.bias"]!.data()).not.toEqual(Float32Array.of(7, 8));
      b.loadStateDict({ ...a.stateDict(), "0.bias": { shape: [2], data: [5, 6] }, "1.seen": { shape: [1], data: Int32Array.of(9) } });
      expect([...(await b.stateDict()["0.bias"]!.data()), ...(await b.stateDict()["1.seen"]!.data())]).toEqual([5, 6, 9]);
      a.dispose();
      b.dispose();
    }));

  it("lists every difference in one error, and loads nothing", () =>
    withoutLeak(async (device) => {
      const model = new nn.Sequential(new nn.Linear(device, 3, 2), new Counter(device));
      const before = await model.stateDict()["1.scale"]!.data();
      const bad = {
        "0.weight": { shape: [3, 2], data: new Float32Array(6) },
        "1.scale": { shape: [1], data: [42] },
        "1.seen": { shape: [1], data: Float32Array.of(1) },
        "2.extra": { shape: [1], data: [0] },
      };
      const error = await Promise.resolve().then(() => model.loadStateDict(bad)).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(CheckpointError);
      const { message } = error as Error;
      expect(message).toContain("got 4 differences; nothing was loaded");
      expect(message).toContain('shape: "0.weight" is [2, 3] here, got [3, 2]');
      expect(message).toContain('dtype: "1.seen" is i32 here, got f32');
      expect(message).toContain('missing: "0.bias"');
      expect(message).toContain('unexpected: "2.extra"');
      expect(await model.stateDict()["1.scale"]!.data()).toEqual(before);
      expect(() => model.loadStateDict({ ...model.stateDict(), "0.bias": { shape: [2], data: [1, 2, 3] } })).toThrow('length: "0.bias" needs 2 values, got 3');
      expect(() => model.loadStateDict(null as never)).toThrow("loadStateDict: the state must be an object, got null");
      expect(() => model.loadStateDict({ ...model.stateDict(), "0.bias": 1 as never })).toThrow('value: "0.bias" must be a tensor or { shape, data }, got number');
      expect(() => model.loadStateDict({}, { strict: false, partial: true } as object)).toThrow('unknown option "partial"');
      model.dispose();
    }));

  it("a module inside itself is refused", () => {
    class Tree extends nn.ModuleMap {
      grow(module: nn.ModuleMap) {
        this.registerModule("branch", module);
      }
    }
    const root = new Tree([]);
    expect(() => root.grow(root)).toThrow('Tree: a module cannot be inside itself, got "branch"');
    expect(() => root.grow(new nn.ModuleMap([new nn.ModuleMap([root])]))).toThrow("inside itself");
    expect(root.parameters()).toEqual([]);
  });

  it("strict false loads what fits by name, and still refuses a wrong shape", () =>
    withoutLeak(async (device) => {
      const model = new Counter(device);
      expect(model.loadStateDict({ scale: { shape: [1], data: [42] }, other: { shape: [1], data: [0] } }, { strict: false })).toEqual({ missing: ["seen"], unexpected: ["other"] });
      expect(await model.scale.item()).toBe(42);
      expect(() => model.loadStateDict({ scale: { shape: [2], data: [1, 2] } }, { strict: false })).toThrow(CheckpointError);
      model.dispose();
    }));

  it("takes a tied weight under any of its names, and refuses two different values", () =>
    withoutLeak(async (device) => {
      const first = new nn.Embedding(device, 2, 1);
      const model = new nn.ModuleMap({ first, second: new nn.Linear(device, 1, 2, { weight: first.weight, bias: false }) });
      const value = (...data: number[]) => ({ shape: [2, 1], data });
      model.loadStateDict({ "second.weight": value(3, 4) });
      expect([...(await first.weight.data())]).toEqual([3, 4]);
      model.loadStateDict({ "first.weight": value(5, 6), "second.weight": value(5, 6) });
      expect([...(await first.weight.data())]).toEqual([5, 6]);
      expect(() => model.loadStateDict({ "first.weight": value(5, 6), "second.weight": value(5, 7) })).toThrow('tied, but with different values: "first.weight" and "second.weight"');
      model.dispose();
    }));
});

describe("init", () => {
  const shape = [400, 250];
  const draw = (initializer: nn.Initializer, seed = 1) => initializer(shape, new Generator(seed));
  const momentsOf = (values: Float32Array) => {
    const mean = values.reduce((total, value) => total + value, 0) / values.length;
    const std = Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / values.length);
    return { mean, std, low: values.reduce((a, b) => Math.min(a, b)), high: values.reduce((a, b) => Math.max(a, b)) };
  };
  /** 100,000 draws: five standard errors of a mean and of a standard deviation. */
  const errors = { mean: 5 / Math.sqrt(1e5), std: 5 / Math.sqrt(2e5) };

  it.each([
    ["normal", nn.init.normal({ mean: 3, std: 2 }), 3, 2],
    ["uniform", nn.init.uniform({ low: -1, high: 5 }), 2, 6 / Math.sqrt(12)],
    ["kaimingUniform", nn.init.kaimingUniform(), 0, Math.sqrt(2 / 250)],
    ["kaimingNormal, fan out", nn.init.kaimingNormal({ mode: "fanOut" }), 0, Math.sqrt(2 / 400)],
    ["xavierUniform", nn.init.xavierUniform({ gain: 2 }), 0, 2 * Math.sqrt(2 / 650)],
    ["xavierNormal", nn.init.xavierNormal(), 0, Math.sqrt(2 / 650)],
    ["scaledNormal", nn.init.scaledNormal(), 0, 1 / Math.sqrt(250)],
    // Variance of a standard normal within ±2: 1 - 4 φ(2) / (2 Φ(2) - 1).
    ["truncatedNormal", nn.init.truncatedNormal({ mean: 1, std: 0.5 }), 1, 0.5 * Math.sqrt(1 - (4 * Math.exp(-2)) / Math.sqrt(2 * Math.PI) / 0.9544997361)],
    // So narrow that it is nearly uniform.
    ["truncatedNormal, narrow", nn.init.truncatedNormal({ low: -0.05, high: 0.05 }), 0, 0.1 / Math.sqrt(12)],
  ])("%s has its mean and spread", (_, initializer, mean, std) => {
    const moments = momentsOf(draw(initializer));
    expect(Math.abs(moments.mean - mean)).toBeLessThan(errors.mean * std);
    expect(Math.abs(moments.std - std)).toBeLessThan(errors.std * std);
    expect(draw(initializer)).toEqual(draw(initializer));
    expect(draw(initializer, 2)).not.toEqual(draw(initializer, 1));
  });

  it("keeps bounded ones in bounds", () => {
    const cut = momentsOf(draw(nn.init.truncatedNormal({ mean: 1, std: 0.5, low: 0.5, high: 3 })));
    expect([cut.low >= 0.5, cut.high <= 3]).toEqual([true, true]);
    const uniform = momentsOf(draw(nn.init.kaimingUniform({ a: Math.sqrt(5) })));
    expect(Math.max(-uniform.low, uniform.high)).toBeLessThanOrEqual(Math.fround(1 / Math.sqrt(250)));
    expect(momentsOf(draw(nn.init.constant(0.5)))).toEqual({ mean: 0.5, std: 0, low: 0.5, high: 0.5 });
  });

  it("counts the fans of a convolution, and refuses a vector", () => {
    expect(nn.init.fans([8, 3, 5, 5])).toEqual({ fanIn: 75, fanOut: 200 });
    expect(() => nn.init.kaimingNormal()([4], new Generator())).toThrow(ShapeError);
  });

  it("refuses bad options", () => {
    expect(() => nn.init.normal({ std: -1 })).toThrow("init.normal: std must be a finite number >= 0, got -1");
    expect(() => nn.init.uniform({ low: 2 })).toThrow("init.uniform: high must be a finite number >= 2, got 1");
    expect(() => nn.init.truncatedNormal({ low: 1, high: 2 })).toThrow("init.truncatedNormal: low must be");
    expect(() => nn.init.kaimingUniform({ mode: "both" as "fanIn" })).toThrow('mode must be "fanIn" or "fanOut", got "both"');
    expect(() => nn.init.xavierNormal({ gian: 1 } as object)).toThrow('unknown option "gian"');
  });

  it("modules draw from a seed, a generator, or the shared generator that manualSeed restarts", () =>
    withoutLeak(async (device) => {
      const made: nn.Linear[] = [];
      const weight = async (options?: nn.LinearOptions) => {
        made.push(new nn.Linear(device, 4, 4, options));
        return made[made.length - 1]!.weight.data();
      };
      expect(await weight({ seed: 5 })).toEqual(await weight({ seed: 5 }));
      const generator = new Generator(5);
      expect(await weight({ generator })).not.toEqual(await weight({ generator }));
      nn.manualSeed(8);
      const first = await weight();
      expect(await weight()).not.toEqual(first);
      nn.manualSeed(8);
      expect(await weight()).toEqual(first);
      expect(() => new nn.Linear(device, 4, 4, { seed: 1, generator })).toThrow("Linear: give generator or seed, not both");
      expect(() => new nn.Linear(device, 4, 4, { seed: -1 })).toThrow("Linear: seed must be a whole number >= 0");
      const x = zeros(device, [2, 2]);
      nn.init.initialize(x, nn.init.constant(3));
      expect([...(await x.data())]).toEqual([3, 3, 3, 3]);
      x.dispose();
      for (const layer of made) layer.dispose();
    }));
});

describe("layers", () => {
  it("Linear is x W^T + b, over any leading axes, and its gradients reach weight and bias", () =>
    withoutLeak(async (device) => {
      const layer = new nn.Linear(device, 3, 2, { seed: 1 });
      const x = randomTensor(device, [2, 4, 3], 2);
      const [w, b] = [await layer.weight.data(), await layer.bias!.data()];
      const want = Float64Array.from({ length: 16 }, (_, at) => {
        const [row, out] = [Math.floor(at / 2), at % 2];
        return b[out]! + [0, 1, 2].reduce((total, i) => total + x.values[row * 3 + i]! * w[out * 3 + i]!, 0);
      });
      const y = scope(() => {
        const y = layer.forward(x.tensor);
        backward(sum(y));
        return y.detach();
      });
      expect(y.shape).toEqual([2, 4, 2]);
      expectClose(await y.data(), want, "matmul");
      expect([...(await layer.bias!.grad!.data())]).toEqual([8, 8]);
      const columns = [0, 1, 2].map((i) => x.values.reduce((total, value, at) => total + (at % 3 === i ? value : 0), 0));
      expectClose(await layer.weight.grad!.data(), [...columns, ...columns], "matmul");
      for (const tensor of [x.tensor, y]) tensor.dispose();
      layer.dispose();
    }));

  it("Embedding picks rows", () =>
    withoutLeak(async (device) => {
      const layer = new nn.Embedding(device, 4, 2, { init: (shape) => Float32Array.from({ length: shape[0]! * shape[1]! }, (_, i) => i) });
      const tokens = fromArray(device, [3, 0, 3], { dtype: "i32" });
      const y = layer.forward(tokens);
      expect([...(await y.data())]).toEqual([6, 7, 0, 1, 6, 7]);
      for (const tensor of [tokens, y]) tensor.dispose();
      layer.dispose();
    }));

  it("LayerNorm and RMSNorm normalise the last axis and start as the identity map of it", () =>
    withoutLeak(async (device) => {
      const x = randomTensor(device, [3, 5], 4);
      const rows = [0, 1, 2].map((r) => [...x.values.subarray(r * 5, r * 5 + 5)]);
      const mean = (row: number[]) => row.reduce((total, value) => total + value, 0) / row.length;
      const layerNorm = rows.flatMap((row) => row.map((value) => (value - mean(row)) / Math.sqrt(mean(row.map((v) => (v - mean(row)) ** 2)) + 1e-5)));
      const rmsNorm = rows.flatMap((row) => row.map((value) => value / Math.sqrt(mean(row.map((v) => v * v)) + 1e-6)));
      for (const [layer, want] of [[new nn.LayerNorm(device, 5), layerNorm], [new nn.RMSNorm(device, 5), rmsNorm], [new nn.LayerNorm(device, 5, { affine: false }), layerNorm]] as const) {
        const y = layer.forward(x.tensor);
        expectClose(await y.data(), want, "reduction");
        y.dispose();
        layer.dispose();
      }
      expect(new nn.LayerNorm(device, 5, { affine: false }).parameterCount()).toBe(0);
      x.tensor.dispose();
    }));

  it("BatchNorm uses the batch and moves the running statistics in training, and uses those in eval mode", () =>
    withoutLeak(async (device) => {
      const layer = new nn.BatchNorm1d(device, 2, { momentum: 0.25, eps: 0 });
      const x = fromArray(device, [1, 10, 3, 30, 5, 20], { shape: [3, 2] });
      const mean = [3, 20];
      const biased = [8 / 3, 200 / 3];
      const trained = layer.forward(x);
      expectClose(await trained.data(), [1, 10, 3, 30, 5, 20].map((value, i) => (value - mean[i % 2]!) / Math.sqrt(biased[i % 2]!)), "reduction");
      const running = { mean: mean.map((m) => 0.25 * m), variance: [4, 100].map((v) => 0.75 + 0.25 * v) };
      expectClose(await layer.runningMean.data(), running.mean, "reduction");
      expectClose(await layer.runningVar.data(), running.variance, "reduction");
      const evaluated = layer.eval().forward(x);
      expectClose(await evaluated.data(), [1, 10, 3, 30, 5, 20].map((value, i) => (value - running.mean[i % 2]!) / Math.sqrt(running.variance[i % 2]!)), "reduction");
      expectClose(await layer.runningMean.data(), running.mean, "reduction");
      const image = zeros(device, [1, 2, 3, 3]);
      expect(() => layer.forward(image)).toThrow("BatchNorm1d: x must be [batch, channels] or [batch, channels, length], got [1, 2, 3, 3]");
      for (const tensor of [x, trained, evaluated, image]) tensor.dispose();
      layer.dispose();
    }));

  it("Dropout drops its share in training, afresh each time, and nothing in eval mode", () =>
    withoutLeak(async (device) => {
      const layer = new nn.Dropout(0.25, { seed: 3 });
      const x = fromArray(device, new Float32Array(40000).fill(3));
      const [a, b] = [layer.forward(x), layer.forward(x)];
      const values = await a.data();
      const kept = values.filter((value) => value !== 0);
      expect(Math.abs(kept.length / 40000 - 0.75)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / 40000));
      expectClose(kept, kept.map(() => 4), "arithmetic");
      expect(await b.data()).not.toEqual(values);
      expect(layer.eval().forward(x)).toBe(x);
      expect(() => new nn.Dropout(1.5)).toThrow("Dropout: p must be a finite number >= 0 and <= 1, got 1.5");
      for (const tensor of [a, b, x]) tensor.dispose();
    }));

  it("Conv1d and Conv2d pass their geometry on", () =>
    withoutLeak(async (device) => {
      const x = fromArray(device, [1, 2, 3, 4, 5], { shape: [1, 1, 5] });
      const one = new nn.Conv1d(device, 1, 1, 3, { stride: 2, padding: 1, bias: false, init: nn.init.ones() });
      const y = one.forward(x);
      expect(y.shape).toEqual([1, 1, 3]);
      expect([...(await y.data())]).toEqual([3, 9, 9]);
      const image = fromArray(device, Float32Array.from({ length: 2 * 3 * 4 }, (_, i) => i), { shape: [1, 2, 3, 4] });
      const two = new nn.Conv2d(device, 2, 2, [1, 2], { groups: 2, dilation: [1, 2], bias: false, init: nn.init.ones() });
      const z = two.forward(image);
      expect(z.shape).toEqual([1, 2, 3, 2]);
      expect([...(await z.data())]).toEqual([0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21].map((at) => at + at + 2));
      expect(two.weight.shape).toEqual([2, 1, 1, 2]);
      expect(() => new nn.Conv2d(device, 3, 4, 3, { groups: 2 })).toThrow("Conv2d: channels must be multiples of groups, got 3 in, 4 out and 2 groups");
      expect(() => new nn.Conv1d(device, 1, 1, 3, { stride: 0 })).toThrow("Conv1d: stride must be a whole number >= 1, got 0");
      for (const tensor of [x, y, image, z]) tensor.dispose();
      one.dispose();
      two.dispose();
    }));

  it("activations by name are those of the formulas", () =>
    withoutLeak(async (device) => {
      const x = fromArray(device, [-2, -0.5, 0, 1.5]);
      const layers: [nn.Layer, (v: number) => number][] = [
        [new nn.ReLU(), (v) => Math.max(v, 0)],
        [new nn.ELU({ alpha: 2 }), (v) => (v > 0 ? v : 2 * Math.expm1(v))],
        [new nn.SiLU(), (v) => v / (1 + Math.exp(-v))],
        [new nn.Tanh(), Math.tanh],
        [new nn.GELU({ approximate: "tanh" }), (v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)))],
      ];
      for (const [layer, f] of layers) {
        const y = layer.forward(x);
        expectClose(await y.data(), [-2, -0.5, 0, 1.5].map(f), "transcendental");
        y.dispose();
      }
      const exact = new nn.GELU().forward(x);
      expectClose(await exact.data(), [-0.04550026389635842, -0.15426876936299344, 0, 1.399789198096713], "transcendental");
      expect(() => new nn.GELU({ approximate: "erf" as "tanh" })).toThrow('GELU: approximate must be "none" or "tanh", got "erf"');
      for (const tensor of [x, exact]) tensor.dispose();
    }));

  it("attention without a mask treats positions alike; causal attention does not look ahead", () =>
    withoutLeak(async (device) => {
      const x = randomTensor(device, [1, 3, 8], 6);
      const swapped = fromArray(device, [...x.values.subarray(16, 24), ...x.values.subarray(8, 16), ...x.values.subarray(0, 8)], { shape: [1, 3, 8] });
      const open = new nn.MultiHeadAttention(device, 8, 2, { seed: 1 });
      const causal = new nn.MultiHeadAttention(device, 8, 2, { seed: 1, causal: true });
      const outputs = [open.forward(x.tensor), open.forward(swapped), causal.forward(x.tensor)] as const;
      const [y, ySwapped, yCausal] = await Promise.all(outputs.map((tensor) => tensor.data()));
      expectClose(ySwapped!.subarray(16, 24), y!.subarray(0, 8), "matmul");
      expectClose(ySwapped!.subarray(8, 16), y!.subarray(8, 16), "matmul");
      expectClose(yCausal!.subarray(16, 24), y!.subarray(16, 24), "matmul");
      expect(compare(yCausal!.subarray(0, 8), y!.subarray(0, 8), "matmul").worst).toBeGreaterThan(100);
      scope(() => expect(() => open.forward(outputs[0].view([3, 8]))).toThrow("MultiHeadAttention: x must be [batch, seq, 8], got [3, 8]"));
      expect(() => new nn.MultiHeadAttention(device, 9, 2)).toThrow("MultiHeadAttention: width must be a multiple of heads, got width 9 and heads 2");
      for (const tensor of [...outputs, x.tensor, swapped]) tensor.dispose();
      open.dispose();
      causal.dispose();
    }));

  it("a block keeps only its output, and what backward needs is freed by backward", () =>
    withoutLeak((device) => {
      for (const normType of ["layer", "rms", "none"] as const) {
        for (const norm of ["pre", "post"] as const) {
          const block = new nn.TransformerBlock(device, 8, 2, { norm, normType, dropout: 0.2, activation: "elu", causal: true, seed: 2 });
          const x = zeros(device, [2, 3, 8], { requiresGrad: true });
          const before = device.memory().liveBuffers;
          const y = block.forward(x);
          const total = sum(y);
          backward(total);
          expect(block.parameters().every(({ grad }) => grad !== null)).toBe(true);
          for (const parameter of block.parameters()) {
            parameter.grad!.dispose();
            parameter.grad = null;
          }
          x.grad!.dispose();
          x.grad = null;
          expect(device.memory().liveBuffers).toBe(before + 2);
          for (const tensor of [x, y, total]) tensor.dispose();
          block.dispose();
        }
      }
    }));

  it("misspelt options and bad sizes are errors", () =>
    withoutLeak((device) => {
      expect(() => new nn.Linear(device, 0, 2)).toThrow("Linear: inFeatures must be a whole number >= 1, got 0");
      expect(() => new nn.Linear(device, 2, 2, { bais: false } as object)).toThrow('Linear: unknown option "bais"');
      expect(() => new nn.LayerNorm(device, 2, { eps: -1 })).toThrow("LayerNorm: eps must be a finite number >= 0, got -1");
      expect(() => new nn.BatchNorm2d(device, 2, { momentum: 2 })).toThrow("BatchNorm2d: momentum must be");
      expect(() => new nn.MLP(device, 2, 8, { activation: "swish" as "silu" })).toThrow('MLP: unknown activation, got "swish"; use gelu, gelu_tanh, relu, elu, silu');
      expect(() => new nn.TransformerBlock(device, 4, 2, { normType: "batch" as "rms" })).toThrow('TransformerBlock: normType must be layer, rms, none, got "batch"');
      expect(() => new nn.TransformerBlock(device, 4, 2, { mlpRatio: 0.3 })).toThrow("TransformerBlock: width * mlpRatio must be a whole number");
      expect(() => new nn.Sequential((() => 0) as unknown as nn.Layer)).toThrow(UsageError);
    }));
});
