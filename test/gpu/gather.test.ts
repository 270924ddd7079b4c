import { describe, expect, it } from "vitest";
import { DTypeError, IndexError, ShapeError, UsageError } from "../../src/errors.js";
import { embedding, fromArray, gather, indexSelect, oneHot, zeros } from "../../src/ops/index.js";
import { scope } from "../../src/tensor/scope.js";
import { gatherTables } from "../cases/gather.js";
import { testDevice } from "../support/device.js";
import { testCases } from "../support/op_cases.js";

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
