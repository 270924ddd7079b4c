import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/errors.js";
import * as k from "../../src/ops/index.js";
import { scope } from "../../src/tensor/scope.js";
import { movementCases } from "../cases/movement.js";
import { testDevice } from "../support/device.js";
import { testCases } from "../support/op_cases.js";

testCases("movement", movementCases);

describe("views", () => {
  it("reshape, squeeze, unsqueeze and detach share memory; transposes do not", async () => {
    const device = await testDevice();
    scope(() => {
      const x = k.zeros(device, [1, 6]);
      for (const view of [k.reshape(x, [2, 3]), k.squeeze(x), k.unsqueeze(x, 0), x.detach()]) expect(view.memory).toBe(x.memory);
      expect(k.transpose(k.zeros(device, [2, 3])).memory).not.toBe(x.memory);
    });
  });
});

describe("bad input", () => {
  it("names the op, the values and the way out", async () => {
    const device = await testDevice();
    scope(() => {
      const x = k.zeros(device, [2, 3]);
      expect(() => k.reshape(x, [4, -1])).toThrow(/^reshape: .*\[4, -1\]/);
      expect(() => k.reshape(x, [-1, -1])).toThrow(/^reshape: /);
      expect(() => k.permute(x, [0, 0])).toThrow(/^permute: .*0, 0/);
      expect(() => k.slice(x, 2, 0, 1)).toThrow("slice: axis out of range, got 2 for rank 2; use -2 to 1");
      expect(() => k.slice(x, 0, 0, 1, 0)).toThrow(/^slice: .*step/);
      expect(() => k.concat([x, k.zeros(device, [2, 4])])).toThrow(ShapeError);
      expect(() => k.concat([])).toThrow(/^concat: /);
      expect(() => k.stack([x, k.zeros(device, [3, 2])])).toThrow(/^stack: .*\[3, 2\]/);
      expect(() => k.split(x, [1, 1], 1)).toThrow(/^split: .*3/);
      expect(() => k.expand(x, [2, 4])).toThrow(/^expand: .*\[2, 4\]/);
      expect(() => k.squeeze(x, 0)).toThrow(/^squeeze: /);
      expect(() => k.pad(x, [[1, 1]])).toThrow(/^pad: /);
      expect(() => k.pad(x, [[0, 0], [0, 0]], { fill: 1 } as never)).toThrow('unknown option "fill"');
      expect(() => k.tril(k.zeros(device, [3]))).toThrow(/^tril: /);
      expect(() => k.flip(x, 5)).toThrow(/^flip: axis out of range/);
    });
  });
});
