import { describe, expect, it } from "vitest";
import * as k from "../../src/ops/index.js";
import { testDevice } from "../support/device.js";

describe("methods of Tensor", () => {
  it("are the functions, with the tensor as the first argument", async () => {
    const device = await testDevice();
    const x = k.fromArray(device, [1, 2, 3, 4, 5, 6], { shape: [2, 3], requiresGrad: true });
    const w = k.fromArray(device, [1, -1, 0, 2, 1, 1], { shape: [3, 2] });
    const y = x.matmul(w).add(1).mul(x.slice(1, 0, 2)); // ([4, 6; 10, 12] + 1) * [1, 2; 4, 5]
    expect([...(await y.data())]).toEqual([5, 14, 44, 65]);
    const loss = y.sub(5).relu().sum();
    expect(await loss.item()).toBe(0 + 9 + 39 + 60);
    loss.backward();
    expect(x.grad!.shape).toEqual([2, 3]);
    expect(x.transpose().shape).toEqual([3, 2]);
    expect(x.reshape([3, -1]).sum({ axis: 0, keepDims: true }).shape).toEqual([1, 2]);
    expect(x.gelu({ approximate: "tanh" }).shape).toEqual([2, 3]);
    expect(() => x.add(k.ones(device, [4]))).toThrow("add: shapes do not broadcast, got [2, 3] and [4]");
  });

  it("are not enumerable", async () => {
    const x = k.ones(await testDevice(), [1]);
    const names: string[] = [];
    for (const name in x) names.push(name);
    expect(names).not.toContain("add");
  });
});
