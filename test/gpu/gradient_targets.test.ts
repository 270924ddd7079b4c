// Where a vjp may put its gradients: the arena's slot, the sum so far, partial sums for later. Against the plain way.
import { beforeAll, describe, expect, it } from "vitest";
import type { Device } from "../../src/gpu/device.js";
import { accumulate, accumulateInPlace } from "../../src/kernels/accumulate.js";
import { add, fromArray, mul, sum } from "../../src/ops/index.js";
import { SGD } from "../../src/optim/index.js";
import { backward } from "../../src/tensor/backward.js";
import { scope } from "../../src/tensor/scope.js";
import { record, type GradientTargets, type Vjp } from "../../src/tensor/tape.js";
import { empty, emptyLike, type Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const values = [1, -2, 3.5, 0.25, 7];
const leaf = (scale = 1) => fromArray(device, values.map((x) => x * scale), { requiresGrad: true });
const gradientOf = async (tensor: Tensor) => [...(await tensor.grad!.data())];

/** y = the inputs added up; each input's gradient is dy, put where `place` says. */
function added(inputs: Tensor[], place: (dy: Tensor, gradients: GradientTargets, i: number) => Tensor): Tensor {
  const output = inputs.slice(1).reduce((total, input) => add(total.detach(), input.detach()), inputs[0]!.detach());
  const vjp: Vjp<readonly Tensor[]> = (dy, _, needs, gradients) => needs.map((needed, i) => (needed ? place(dy, gradients, i) : null));
  return record({ op: "added", inputs, output: output.detach(), saved: [], vjp });
}

const copied = (from: Tensor, to: Tensor): Tensor => {
  device.queue.copy(from.buffer, to.buffer);
  return to;
};
const inEmpty = (dy: Tensor, gradients: GradientTargets, i: number) => copied(dy, gradients.empty(i));
const inFresh = (dy: Tensor) => copied(dy, emptyLike(dy));
const onTop = (dy: Tensor, gradients: GradientTargets, i: number) => {
  const before = gradients.accumulated(i);
  if (!before) return copied(dy, gradients.empty(i));
  accumulateInPlace(device, { b: dy.buffer, y: before.buffer }, { size: dy.size });
  return before;
};
const withOthers = (dy: Tensor, gradients: GradientTargets, i: number) => {
  const others = gradients.take(i);
  const total = emptyLike(dy);
  if (!others) return copied(dy, total);
  accumulate(device, { a: others.buffer, b: dy.buffer, y: total.buffer }, { size: dy.size });
  return total;
};
/** dy as the sum of chunks: dy/4, dy/4, dy/2. */
const inChunks = (dy: Tensor, gradients: GradientTargets, i: number) => {
  const partials = gradients.partials(i, 3);
  [0.25, 0.25, 0.5].forEach((share, chunk) => {
    const { buffer, offset_bytes } = partials.memory.buffer;
    const part = mul(dy, share);
    device.queue.copy(part.buffer, { buffer, offset_bytes: offset_bytes + chunk * part.size_bytes, size_bytes: part.size_bytes });
  });
  return partials.sum;
};

const ways = { inEmpty, inFresh, onTop, inChunks };
type Way = keyof typeof ways;
const names = Object.keys(ways) as Way[];
const cotangent = [2, -1, 0.5, 4, 8];
const weighted = (y: Tensor) => sum(mul(y, fromArray(device, cotangent)));
const times = (k: number) => cotangent.map((x) => k * x);

describe.each([["in an arena", true], ["on their own", false]])("gradients of leaves %s", (_, inArena) => {
  const leaves = (count: number) => {
    const tensors = Array.from({ length: count }, (_, i) => leaf(i + 1));
    if (inArena) new SGD(tensors, { lr: 1 });
    return tensors;
  };
  const pairs = names.flatMap((first) => names.map((second) => [first, second] as const));

  it.each(names)("one use: %s", async (way) => {
    const [x] = leaves(1);
    scope(() => backward(weighted(added([x!], ways[way]))));
    expect(await gradientOf(x!)).toEqual(cotangent);
  });

  it.each(pairs)("two uses of one leaf: %s, then %s", async (first, second) => {
    const [x, z] = leaves(2);
    scope(() => {
      const a = added([x!, z!], ways[second]);
      const b = added([x!], ways[first]);
      backward(weighted(add(a, b)));
    });
    expect([await gradientOf(x!), await gradientOf(z!)]).toEqual([times(2), cotangent]);
  });

  it.each(pairs)("the same leaf twice in one op, and again in the next backward: %s, %s", async (first, second) => {
    const [x] = leaves(1);
    const mixed = (dy: Tensor, gradients: GradientTargets, i: number) => ways[i === 0 ? first : second](dy, gradients, i);
    scope(() => backward(weighted(added([x!, x!], mixed))));
    expect(await gradientOf(x!)).toEqual(times(2));
    scope(() => backward(weighted(added([x!, x!], mixed))));
    expect(await gradientOf(x!)).toEqual(times(4));
  });

  it("many sums in one launch, of different sizes, each where it belongs", async () => {
    const sizes = [1, 63, 64, 65, 300, 7];
    const tensors = sizes.map((size) => fromArray(device, new Float32Array(size).fill(size), { requiresGrad: true }));
    if (inArena) new SGD(tensors, { lr: 1 });
    const before = device.queue.counts.dispatches;
    let launched = 0;
    scope(() => {
      const zero = fromArray(device, [0]);
      const output = tensors.reduce((total, tensor, i) => {
        const vjp: Vjp<readonly Tensor[]> = (dy, _, __, gradients) => {
          const partials = gradients.partials(1, i + 1);
          const { memory } = partials;
          memory.set(Float32Array.from({ length: memory.size }, (_, k) => (k % tensor.size) + 10 * Math.floor(k / tensor.size)));
          return [dy, partials.sum];
        };
        return record({ op: "counted", inputs: [total, tensor], output: total.detach(), saved: [], vjp });
      }, fromArray(device, [0], { requiresGrad: true }));
      backward(add(output, zero), { gradient: fromArray(device, [1]) });
      launched = device.queue.counts.dispatches - before;
    });
    for (const [i, tensor] of tensors.entries()) {
      const chunks = i + 1;
      expect(await gradientOf(tensor)).toEqual(Array.from({ length: sizes[i]! }, (_, k) => chunks * k + (10 * chunks * (chunks - 1)) / 2));
    }
    if (inArena) expect(launched).toBeLessThan(tensors.length);
  });
});

describe("gradients of computed tensors", () => {
  it("an op takes over what other uses contributed", async () => {
    const x = leaf();
    const before = device.memory().liveBuffers;
    scope(() => {
      const h = mul(x, 3);
      backward(weighted(add(add(added([h], withOthers), added([h], inFresh)), added([h], withOthers))));
    });
    expect(await gradientOf(x)).toEqual(times(9));
    expect(device.memory().liveBuffers).toBe(before + 1);
  });

  it("partial sums for one are added at once", async () => {
    const x = leaf();
    scope(() => backward(weighted(added([mul(x, 3)], inChunks))));
    expect(await gradientOf(x)).toEqual(times(3));
  });

  it("nothing is left behind when a vjp throws", () => {
    const x = leaf();
    new SGD([x], { lr: 1 });
    const before = device.memory().liveBytes;
    scope(() => {
      const broken = record({
        op: "broken",
        inputs: [x],
        output: empty(device, [5]),
        saved: [],
        vjp: (_dy, _saved, _needs, gradients) => {
          gradients.partials(0, 2);
          throw new Error("mine");
        },
      });
      expect(() => backward(weighted(broken))).toThrow("mine");
    });
    expect(device.memory().liveBytes).toBe(before);
  });
});
