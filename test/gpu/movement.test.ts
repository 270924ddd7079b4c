import { describe, expect, it } from "vitest";
import { ShapeError } from "../../src/errors.js";
import * as k from "../../src/ops/index.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { movementCases } from "../cases/movement.js";
import { testDevice } from "../support/device.js";
import { testCases } from "../support/op_cases.js";

testCases("movement", movementCases);

describe("views", () => {
  it("see what is written to the tensor they share memory with", async () => {
    const device = await testDevice();
    using x = k.zeros(device, [2, 3]);
    using view = k.permute(k.unsqueeze(x, 1), [1, 0, 2]);
    x.set([1, 2, 3, 4, 5, 6]);
    expect(view.shape).toEqual([1, 2, 3]);
    expect([...(await view.data())]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("outlive the tensor they were made from, and add up their gradients in it", async () => {
    const device = await testDevice();
    using x = k.fromArray(device, [1, 2, 3, 4], { requiresGrad: true });
    scope(() => {
      const first = k.reshape(x, [2, 2]);
      const total = k.add(k.sum(k.transpose(first)), k.sum(k.flatten(k.unsqueeze(first, 0))));
      first.dispose();
      backward(total);
    });
    expect([...(await x.grad!.data())]).toEqual([2, 2, 2, 2]);
  });

  it("reshape, squeeze, unsqueeze and detach share memory; transposes do not", async () => {
    const device = await testDevice();
    scope(() => {
      const x = k.zeros(device, [1, 6]);
      for (const view of [k.reshape(x, [2, 3]), k.squeeze(x), k.unsqueeze(x, 0), x.detach()]) expect(view.memory).toBe(x.memory);
      expect(k.transpose(k.zeros(device, [2, 3])).memory).not.toBe(x.memory);
    });
  });
});

describe("nothing to move", () => {
  it("gives empty results with the right shapes, and zero gradients", async () => {
    const device = await testDevice();
    using x = k.fromArray(device, [1, 2, 3], { requiresGrad: true });
    const none = scope(() => {
      const cut = k.slice(x, 0, 2, 1);
      backward(cut, { gradient: k.zeros(device, [0]) });
      return cut;
    });
    expect(none.shape).toEqual([0]);
    expect((await none.data()).length).toBe(0);
    none.dispose();
    expect([...(await x.grad!.data())]).toEqual([0, 0, 0]);
    scope(() => {
      const empty = k.zeros(device, [0, 3]);
      expect(k.transpose(empty).shape).toEqual([3, 0]);
      expect(k.flip(empty).shape).toEqual([0, 3]);
      expect(k.expand(k.zeros(device, [1, 3]), [0, 3]).shape).toEqual([0, 3]);
      expect(k.reshape(empty, [3, 0]).shape).toEqual([3, 0]);
      expect(k.tril(empty).shape).toEqual([0, 3]);
      expect(k.split(empty, 2, 0)).toEqual([]);
    });
  });

  it("pads nothing to a constant", async () => {
    const device = await testDevice();
    using x = k.zeros(device, [0, 2]);
    using y = k.pad(x, [[1, 1], [0, 0]], { value: 3 });
    expect([...(await y.data())]).toEqual([3, 3, 3, 3]);
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
      expect(() => k.flip(x, [0, -2])).toThrow("flip: an axis is named twice, got [0, 0]");
      expect(() => k.reshape(x, [4, 2])).toThrow("reshape: sizes differ, got [4, 2] for [2, 3] of 6 elements");
      expect(() => k.reshape(k.zeros(device, [0]), [0, -1])).toThrow("reshape: -1 cannot be worked out beside an extent of 0");
      expect(() => k.reshape(x, [1.5, 4])).toThrow(/^reshape: a shape is an array of whole numbers/);
      expect(() => k.flatten(x, 1, 0)).toThrow("flatten: start must not be after end, got 1 and 0 for [2, 3]");
      expect(() => k.unsqueeze(x, 4)).toThrow("unsqueeze: axis out of range, got 4 for rank 3");
      expect(() => k.permute(x, [0])).toThrow("permute: axes must name each of 2 axes once, got [0]");
      expect(() => k.transpose(k.zeros(device, [3]))).toThrow("transpose: axis out of range, got -2 for rank 1");
      expect(() => k.slice(x, [{ axis: 1 }, { axis: -1 }])).toThrow("slice: axis -1 is named twice");
      expect(() => k.slice(x, [{ axis: 0, begin: 1 } as never])).toThrow('slice: unknown option "begin"');
      expect(() => k.slice(x, 0, 0.5)).toThrow("slice: start must be a whole number, got 0.5");
      expect(() => k.slice(x, 0, 1, 0, -1)).toThrow("slice: step must be a whole number >= 1, got -1; use flip() to reverse an axis");
      expect(() => k.split(x, 0, 1)).toThrow("split: size must be");
      expect(() => k.split(x, [-1, 4], 1)).toThrow("split: a size must be");
      expect(() => k.concat([x, k.zeros(device, [2, 3], { dtype: "i32" })])).toThrow("concat: all tensors must have one dtype, got f32, i32");
      expect(() => k.concat([k.zeros(device, []), k.zeros(device, [])])).toThrow("concat: scalars have no axis to join along, got []; use stack()");
      expect(() => k.stack([x], 4)).toThrow("stack: axis out of range, got 4 for rank 3");
      expect(() => k.pad(x, [[0, 0], [-1, 0]])).toThrow("pad: a count must be");
      expect(() => k.pad(k.zeros(device, [1], { dtype: "i32" }), [[1, 0]], { value: 0.5 })).toThrow("pad: value must be a number that fits i32, got 0.5");
      expect(() => k.triu(x, { diagonal: 0.5 })).toThrow("triu: diagonal must be");
      expect(() => k.expand(x, [3])).toThrow("expand: shapes do not fit, got [2, 3] for [3]");
      const many = k.zeros(device, [2, 2, 2, 2, 2, 2, 2]);
      expect(() => k.permute(many, [6, 5, 4, 3, 2, 1, 0])).toThrow("permute: more than 6 axes are left after merging neighbours, got [2, 2, 2, 2, 2, 2, 2]");
    });
  });
});
