import { describe, expect, it } from "vitest";
import { tensor } from "../../src/ops/index.js";
import { testDevice } from "../support/device.js";

describe("tensor", () => {
  it("reads its shape off nested arrays", async () => {
    const x = tensor(await testDevice(), [[[1, 2]], [[3, 4]], [[5, 6]]]);
    expect(x.shape).toEqual([3, 1, 2]);
    expect([...(await x.data())]).toEqual([1, 2, 3, 4, 5, 6]);
    x.dispose();
  });

  it("refuses ragged arrays, also those with the right number of values", async () => {
    const device = await testDevice();
    const { liveBuffers } = device.memory();
    for (const ragged of [[[1, 2], [3]], [[1, 2], [3, 4, 5], [6]], [[1, 2], 3], [[1, 2], [[3], [4]]]]) {
      expect(() => tensor(device, ragged)).toThrow("tensor: nested arrays are ragged");
    }
    expect(device.memory().liveBuffers).toBe(liveBuffers);
  });
});
