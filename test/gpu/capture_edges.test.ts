// Captured steps used in ways that the plain training step is not: fed back, without an optimizer, wrongly.
import { beforeAll, describe, expect, it } from "vitest";
import { capture } from "../../src/capture/index.js";
import { DisposedError, FeatureError, GradError, UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { openDevice } from "../../src/node.js";
import { add, cast, dropout, fromArray, mul, sum, zeros } from "../../src/ops/index.js";
import { SGD } from "../../src/optim/index.js";
import { linear } from "../../src/schedule/index.js";
import { backward } from "../../src/tensor/backward.js";
import { Generator } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { noGrad } from "../../src/tensor/tape.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

interface X {
  x: Tensor;
}
const leaf = (values: number[]) => fromArray(device, values, { requiresGrad: true });
const valuesOf = async (tensor: Tensor) => [...(await tensor.data())];

describe("what a captured step returned, fed to its next call", () => {
  it("is what it was", () =>
    withoutLeak(async () => {
      const step = capture(device, ({ h }: { h: Tensor }) => mul(h, 2));
      let h = step({ h: Float32Array.of(1, 3) });
      for (let i = 0; i < 4; i++) h = step({ h });
      expect(await valuesOf(h)).toEqual([32, 96]);
      expect(step.report()).toMatchObject([{ runs: 5 }]);
      step.dispose();
    }));

  it("also where it is an input itself, or another recording's", () =>
    withoutLeak(async () => {
      const swap = capture(device, ({ a, b, by }: { a: Tensor; b: Tensor; by: Tensor }) => ({ a: b, b: a, scaled: mul(a, by) }));
      let result = swap({ a: Float32Array.of(1, 2), b: Float32Array.of(3, 4), by: 1 });
      for (let by = 2; by < 5; by++) result = swap({ a: result.a, b: result.b, by });
      expect(await Promise.all([result.a, result.b, result.scaled].map(valuesOf))).toEqual([[1, 2], [3, 4], [12, 16]]);
      const grow = capture(device, ({ x }: X) => zeros(device, [x.size + 1]));
      let x = grow({ x: new Float32Array(1) });
      for (let i = 0; i < 12; i++) x = grow({ x });
      expect(await valuesOf(x)).toEqual(new Array(14).fill(0));
      expect(grow.report()).toHaveLength(8);
      for (const step of [swap, grow]) step.dispose();
    }));
});

describe("feeds that differ from call to call", () => {
  it("are read anew: values, lengths, shapes, types, names and their order", () =>
    withoutLeak(async () => {
      const total = capture(device, (feed: { x: Tensor; by?: Tensor }) => sum(feed.by ? mul(feed.x, cast(feed.by, "f32")) : feed.x));
      const feeds: [Parameters<typeof total>[0], number][] = [
        [{ x: Float32Array.of(1, 2) }, 3],
        [{ x: Float32Array.of(5, 6) }, 11],
        [{ x: Float32Array.of(1, 2, 3) }, 6],
        [{ x: Float32Array.of(1, 2, 3), by: 2 }, 12],
        [{ x: Float32Array.of(1, 2, 3), by: 3 }, 18],
        [{ by: 4, x: Float32Array.of(1, 2, 3) }, 24],
        [{ by: Int32Array.of(1, 0, 2), x: Float32Array.of(1, 2, 3) }, 7],
        [{ by: Uint32Array.of(0, 0, 2), x: Float32Array.of(1, 2, 3) }, 6],
        [{ x: Float32Array.of(1, 2, 3, 4), shape: [2, 2] }, 10],
        [{ x: Float32Array.of(1, 2, 3, 5), shape: [2, 2] }, 11],
        [{ x: Float32Array.of(1, 2, 3, 5), shape: [4, 1] }, 11],
      ];
      for (const [feed, want] of feeds) expect(await total(feed).item()).toBe(want);
      expect(total.report().map(({ runs }) => runs)).toEqual([2, 1, 3, 1, 1, 2, 1]);
      expect(() => total({ x: Float32Array.of(1, 2, 3), shape: [4, 1] } as never)).toThrow("does not have the shape beside it, got 3 values for");
      expect(await total({ x: Float32Array.of(2, 2, 3, 5), shape: [4, 1] }).item()).toBe(12);
      total.dispose();
    }));
});

describe("results of a captured step", () => {
  it("may be one tensor in several places", () =>
    withoutLeak(async () => {
      const step = capture(device, ({ x }: X) => {
        const y = mul(x, 2);
        return { y, list: [y, y.view([1, 2])] };
      });
      for (let x = 1; x < 4; x++) {
        const { y, list } = step({ x: Float32Array.of(x, -x) });
        for (const tensor of [y, ...list]) expect(await valuesOf(tensor)).toEqual([2 * x, -2 * x]);
      }
      step.dispose();
    }));

  it("make a tape that saved one throw once they are written over", () => {
    const w = leaf([1]);
    const step = capture(device, ({ x }: X) => mul(x, 1));
    const first = sum(mul(w, step({ x: Float32Array.of(2) })));
    step({ x: Float32Array.of(5) });
    expect(() => backward(first)).toThrow(GradError);
    expect(() => backward(first)).toThrow(/changed in place/);
    step.dispose();
    w.dispose();
  });

  it("keep their shape, whatever the caller does to the list", () => {
    const shape: [number, number] = [2, 3];
    const step = capture(device, ({ x }: X) => x);
    const y = step({ x: new Float32Array(6), shape });
    shape[1] = 4;
    expect(y.shape).toEqual([2, 3]);
    step.dispose();
  });
});

describe("gradients without an optimizer", () => {
  const times = (w: Tensor) =>
    capture(device, ({ x }: X) => {
      const y = sum(mul(w, x));
      backward(y);
      return y;
    });

  it.each(["dropGrad", "dispose"] as const)("are there again after they were dropped outside: %s", (how) =>
    withoutLeak(async () => {
      const w = leaf([1, 1]);
      const step = times(w);
      const found: number[][] = [];
      for (let x = 1; x < 5; x++) {
        scope(() => void step({ x: Float32Array.of(x, -x) }));
        found.push(await valuesOf(w.grad!));
        if (how === "dropGrad") w.dropGrad();
        else w.grad!.dispose();
      }
      expect(found).toEqual([1, 2, 3, 4].map((x) => [x, -x]));
      expect(step.report()).toMatchObject([{ runs: 4 }]);
      step.dispose();
      w.dispose();
    }),
  );

  it("accumulate by one recording, and are dropped and accumulated again by the same", () =>
    withoutLeak(async () => {
      const w = leaf([1, 1]);
      const step = times(w);
      for (let round = 0; round < 3; round++) {
        for (let x = 1; x < 6; x++) step({ x: Float32Array.of(x, -x) });
        expect(await valuesOf(w.grad!)).toEqual([15, -15]);
        w.dropGrad();
      }
      expect(step.report().map(({ runs }) => runs).sort()).toEqual([12, 3]);
      step.dispose();
      w.dispose();
    }),
  );

  it("keep their type", async () => {
    const halves = () => cast(fromArray(device, [1, 2, 3]), "f16");
    if (!device.features.has("shader-f16")) return void expect(halves).toThrow(FeatureError);
    const w = halves().detach().setRequiresGrad();
    const step = capture(device, ({ x }: X) => backward(sum(mul(w, cast(x, "f16")))));
    for (let x = 1; x < 4; x++) {
      step({ x: Float32Array.of(x, x, x) });
      expect([w.grad!.dtype, ...(await valuesOf(w.grad!))]).toEqual(["f16", x, x, x]);
      w.dropGrad();
    }
    step.dispose();
    w.dispose();
  });

  it("are as before when the function throws", () =>
    withoutLeak(async () => {
      const [fresh, held] = [leaf([1, 2]), leaf([3, 4])];
      scope(() => backward(sum(mul(held, 7))));
      const failing = capture(device, ({ x }: X) => {
        held.grad = null;
        backward(sum(mul(mul(fresh, held), x)));
        throw new Error("mine");
      });
      expect(() => failing({ x: 1 })).toThrow("mine");
      expect(fresh.grad).toBeNull();
      expect(await valuesOf(held.grad!)).toEqual([7, 7]);
      failing.dispose();
      for (const tensor of [fresh, held]) tensor.dispose();
    }));
});

describe("a captured step that is fed wrongly", () => {
  it("changes nothing: no draw is taken, no step counted", async () => {
    const run = async (isFedWrongly: boolean) => {
      const w = leaf([1, 2, 3, 4]);
      const optimizer = new SGD([w], { lr: linear({ from: 1, to: 0, steps: 10 }) });
      const generator = new Generator(3);
      const step = capture(device, ({ x }: X) => {
        optimizer.zeroGrad();
        const loss = sum(dropout(mul(w, x), { p: 0.5, generator }));
        backward(loss);
        optimizer.step();
        return loss;
      });
      const gone = fromArray(device, new Float32Array(4));
      gone.dispose();
      for (let i = 0; i < 5; i++) {
        if (isFedWrongly) expect(() => step({ x: gone })).toThrow(DisposedError);
        step({ x: new Float32Array(4).fill(1) });
      }
      const result = [await valuesOf(w), generator.stateDict(), await optimizer.stats()];
      step.dispose();
      optimizer.dispose();
      w.dispose();
      return result;
    };
    expect(await run(true)).toEqual(await run(false));
  });

  it("says what is wrong", async () => {
    const step = capture(device, (feed: unknown) => feed);
    const call = (feed: unknown) => () => step(feed as never);
    expect(call([{ h: leaf([1]) }])).toThrow("capture: input [0].h requires a gradient, and inputs are copies that pass none on; feed its detach(), or let the function use the tensor itself");
    const { h } = noGrad(() => call({ h: leaf([7]) })()) as { h: Tensor };
    expect([await valuesOf(h), h.requiresGrad]).toEqual([[7], false]);
    expect(call({ a: { b: [] } })).toThrow("capture: input a.b is a list without a tensor in it; leave it out");
    expect(call({})).toThrow("capture: the input is an object without a tensor in it; leave it out");
    expect(call({ a: null })).toThrow(/input a must be .* got null/);
    expect(() => capture((() => {}) as never, undefined as never)).toThrow("capture: needs a device and a function, got function and undefined");
    const other = await openDevice();
    const theirs = fromArray(other, [1]);
    expect(call({ a: theirs })).toThrow("capture: input a lives on another device");
    const before = device.memory().liveBytes;
    for (const fn of [() => mul(theirs, 2), () => zeros(other, [2])]) expect(() => capture(device, fn)()).toThrow(/capture: a tensor of another device is used inside/);
    expect(() => capture(device, fn)()).toThrow(UsageError);
    expect(device.memory().liveBytes).toBe(before);
    other.close();
    step.dispose();

    function fn() {
      return mul(theirs, 2);
    }
  });

  it("tells objects, lists and odd names apart", async () => {
    const step = capture(device, (feed: Record<string, never>) => ("a.b" in feed ? mul(feed["a.b"]!, 10) : mul((feed as unknown as { a: { b: Tensor } }).a.b, 100)));
    const call = (feed: unknown) => step(feed as never).item();
    expect(await call({ "a.b": 1 })).toBe(10);
    expect(await call({ a: { b: 1 } })).toBe(100);
    expect(step.report().map(({ signature }) => signature)).toEqual(['["a.b"]:f32[]', "a.b:f32[]"]);
    step.dispose();
  });
});

describe("memory of a captured step", () => {
  it("several inputs may together be larger than a binding", () =>
    withoutLeak(async () => {
      const most = device.pool.maxBytes;
      Object.assign(device.pool, { maxBytes: 1024 });
      try {
        const step = capture(device, ({ a, b, c }: { a: Tensor; b: Tensor; c: Tensor }) => add(add(a, b), c));
        for (let round = 0; round < 2; round++) {
          const feed = (value: number) => new Float32Array(200).fill(value + round);
          expect(await valuesOf(step({ a: feed(1), b: feed(2), c: 5 }))).toEqual(new Array(200).fill(8 + 2 * round));
        }
        step.dispose();
      } finally {
        Object.assign(device.pool, { maxBytes: most });
      }
    }));

  it("a recording goes with the tensors that it was made of", () =>
    withoutLeak(async () => {
      let w = leaf(new Array(5000).fill(1));
      const step = capture(device, ({ x }: X) => sum(mul(w, x)));
      step({ x: 1 });
      const { liveBytes } = device.memory();
      for (let trial = 2; trial < 6; trial++) {
        w.dispose();
        w = leaf(new Array(5000).fill(trial));
        expect(await step({ x: 1 }).item()).toBe(5000 * trial);
        expect(step.report()).toHaveLength(1);
        expect(device.memory().liveBytes).toBe(liveBytes);
      }
      step.dispose();
      w.dispose();
    }));
});
