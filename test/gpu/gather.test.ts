import { describe, expect, it } from "vitest";
import { DTypeError, IndexError, ShapeError, UsageError } from "../../src/errors.js";
import { embedding, fromArray, gather, indexSelect, oneHot, ones, zeros } from "../../src/ops/index.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { gatherTables } from "../cases/gather.js";
import { testDevice } from "../support/device.js";
import { testRandom } from "../support/nd.js";
import { testCases } from "../support/op_cases.js";
import { compare } from "../support/tolerances.js";

for (const [op, cases] of Object.entries(gatherTables)) testCases(op, cases);

describe("an index out of range", () => {
  const wrong = [
    { op: "embedding", run: embedding, x: [65, 2] },
    { op: "gather", run: (x: Parameters<typeof gather>[0], index: Parameters<typeof gather>[0]) => gather(x, 0, index), x: [65] },
    { op: "indexSelect", run: (x: Parameters<typeof gather>[0], index: Parameters<typeof gather>[0]) => indexSelect(x, 0, index), x: [65] },
    { op: "oneHot", run: (_: unknown, index: Parameters<typeof gather>[0]) => oneHot(index, 65), x: [1] },
  ];
  for (const { op, run, x } of wrong) {
    it(`${op}: throws at the next read with value and position, once, and computes zero`, async () => {
      const device = await testDevice();
      for (const [bad, said] of [
        [65, 65],
        [-1, -1],
        [2 ** 31 - 1, 2 ** 31 - 1],
      ] as const) {
        const y = scope(() => run(fromArray(device, new Array<number>(x[0]! * (x[1] ?? 1)).fill(1), { shape: x }), fromArray(device, [3, bad, 4], { dtype: "i32" })));
        await expect(y.data()).rejects.toThrow(new IndexError(`${op}: index out of range, got ${said} at position 1; use 0 to 64`));
        const values = await y.data();
        const width = values.length / 3;
        expect([...values.slice(width, 2 * width)].every((value) => value === 0)).toBe(true);
        y.dispose();
      }
    });
  }
});

describe("embedding at a real vocabulary's size", () => {
  const [vocab, count, width] = [50257, 8192, 4];
  const random = testRandom(5);
  const spreads: [string, () => number][] = [
    ["frequent and rare", () => Math.min(vocab, Math.floor(vocab ** random.uniform())) - 1],
    ["uniform", () => random.integer(vocab)],
    ["one token", () => 50256],
  ];
  for (const [name, draw] of spreads) {
    it(`${name}: every row of the gradient, and the same bits five times`, async () => {
      const device = await testDevice();
      const host = Array.from({ length: count }, draw);
      const cotangent = Array.from({ length: count * width }, () => Math.fround(random.normal()));
      const want = new Float64Array(vocab * width);
      host.forEach((token, i) => {
        for (let c = 0; c < width; c++) want[token * width + c]! += cotangent[i * width + c]!;
      });
      using tokens = fromArray(device, host, { dtype: "i32" });
      using weight = zeros(device, [vocab, width], { requiresGrad: true });
      let first: Uint32Array | null = null;
      for (let run = 0; run < 5; run++) {
        weight.grad = null;
        scope(() => backward(embedding(weight, tokens), { gradient: fromArray(device, cotangent, { shape: [count, width] }) }));
        const grad = await weight.grad!.data();
        weight.grad!.dispose();
        weight.grad = null;
        const { worst, message } = compare(grad, want, "reduction");
        expect(worst, message).toBeLessThanOrEqual(1);
        const bits = new Uint32Array(grad.buffer);
        if (first) expect(Buffer.compare(Buffer.from(bits.buffer), Buffer.from(first.buffer)), `run ${run}`).toBe(0);
        else first = bits;
      }
    });
  }
});

describe("what a read reports", () => {
  it("is the lowest of many positions, whatever was read, once", async () => {
    const device = await testDevice();
    const host = Array.from({ length: 5000 }, (_, i) => (i % 700 === 613 ? 100 + i : i % 64));
    using weight = zeros(device, [64, 8]);
    using tokens = fromArray(device, host, { dtype: "u32" });
    using y = embedding(weight, tokens);
    await expect(weight.data()).rejects.toThrow(new IndexError("embedding: index out of range, got 713 at position 613; use 0 to 63"));
    await weight.data();
    expect((await y.data()).length).toBe(40000);
  });

  it("also comes from sync, and unsigned values stay unsigned", async () => {
    const device = await testDevice();
    using index = fromArray(device, [0, 4294967295], { dtype: "u32" });
    using y = oneHot(index, 3);
    await expect(device.sync()).rejects.toThrow(new IndexError("oneHot: index out of range, got 4294967295 at position 1; use 0 to 2"));
    await device.sync();
    expect([...(await y.data())]).toEqual([1, 0, 0, 0, 0, 0]);
  });

  it("leaves later launches alone: a fault belongs to the read that follows it", async () => {
    const device = await testDevice();
    using good = fromArray(device, [0, 2], { dtype: "i32" });
    using bad = fromArray(device, [3, 0], { dtype: "i32" });
    using fine = oneHot(good, 3);
    const before = fine.data();
    using wrong = oneHot(bad, 3);
    expect([...(await before)]).toEqual([1, 0, 0, 0, 0, 1]);
    await expect(wrong.data()).rejects.toThrow(IndexError);
  });

  it("an empty table has nothing to index", async () => {
    const device = await testDevice();
    using weight = zeros(device, [0, 4]);
    using tokens = fromArray(device, [0], { dtype: "i32" });
    using y = embedding(weight, tokens);
    await expect(y.data()).rejects.toThrow("embedding: index out of range, got 0 at position 0; there is nothing to index");
  });

  it("an index past the axis reads no neighbouring row", async () => {
    const device = await testDevice();
    using x = ones(device, [2, 3]);
    using index = fromArray(device, [3, 0], { dtype: "i32" });
    using square = fromArray(device, [3, 0, 1, 2], { shape: [2, 2], dtype: "i32" });
    for (const run of [() => indexSelect(x, 1, index), () => gather(x, 1, square)]) {
      using y = run();
      await expect(y.data()).rejects.toThrow("index out of range, got 3 at position 0; use 0 to 2");
      expect([...(await y.data())][0]).toBe(0);
    }
  });

  it("names every op that met one", async () => {
    const device = await testDevice();
    using index = fromArray(device, [1, 9], { dtype: "i32" });
    using x = ones(device, [5]);
    scope(() => [oneHot(index, 2), indexSelect(x, 0, index)].map(() => null));
    await expect(x.data()).rejects.toThrow(
      /^(?=[^]*oneHot: index out of range, got 9 at position 1; use 0 to 1)(?=[^]*indexSelect: index out of range, got 9 at position 1; use 0 to 4)/,
    );
  });

  it("a wrong index adds to no gradient", async () => {
    const device = await testDevice();
    for (const run of [embedding, (x: Tensor, index: Tensor) => indexSelect(x, 0, index)]) {
      using x = zeros(device, [3, 2], { requiresGrad: true });
      using index = fromArray(device, [2, 3, -1, 2], { dtype: "i32" });
      scope(() => backward(run(x, index), { gradient: ones(device, [4, 2]) }));
      await expect(x.grad!.data()).rejects.toThrow(IndexError);
      expect([...(await x.grad!.data())]).toEqual([0, 0, 0, 0, 2, 2]);
    }
  });
});

describe("gather", () => {
  it("frees the part of x that a smaller index needs, with no scope around", async () => {
    const device = await testDevice();
    using x = fromArray(device, [1, 2, 3, 4, 5, 6], { shape: [2, 3] });
    using index = fromArray(device, [2, 0], { shape: [1, 2], dtype: "i32" });
    const before = device.memory().liveBuffers;
    const y = gather(x, 1, index);
    expect(device.memory().liveBuffers).toBe(before + 1);
    expect([...(await y.data())]).toEqual([3, 1]);
    y.dispose();
  });

  it("moves integers", async () => {
    const device = await testDevice();
    using x = fromArray(device, [-7, 8, 2147483647], { dtype: "i32" });
    using index = fromArray(device, [2, 0], { dtype: "u32" });
    using y = indexSelect(x, 0, index);
    expect([...(await y.data())]).toEqual([2147483647, -7]);
  });
});

describe("bad input", () => {
  it("is refused before any GPU work", async () => {
    const device = await testDevice();
    scope(() => {
      const weight = zeros(device, [4, 2]);
      const tokens = zeros(device, [3], { dtype: "i32" });
      expect(() => embedding(weight, zeros(device, [3]))).toThrow(new DTypeError("embedding: tokens must be i32 or u32, got f32; convert it with cast()"));
      expect(() => embedding(zeros(device, [4]), tokens)).toThrow(ShapeError);
      expect(() => gather(weight, 2, tokens)).toThrow("gather: axis out of range, got 2 for rank 2; use -2 to 1");
      expect(() => gather(weight, 0, zeros(device, [1, 3], { dtype: "i32" }))).toThrow("gather: index must have x's rank and no greater extent off axis 0, got x [4, 2] and index [1, 3]");
      expect(() => indexSelect(weight, 0, zeros(device, [1, 1], { dtype: "i32" }))).toThrow("indexSelect: index must have 1 dimensions, got [1, 1]");
      expect(() => oneHot(tokens, 0)).toThrow(UsageError);
    });
  });
});
