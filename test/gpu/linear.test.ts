import { describe, expect, it } from "vitest";
import { zeros } from "../../src/ops/creation.js";
import { linear } from "../../src/ops/linear.js";
import { scope } from "../../src/tensor/scope.js";
import { linearCases } from "../cases/linear.js";
import { testDevice } from "../support/device.js";
import { testCases } from "../support/op_cases.js";

testCases("linear", linearCases);

describe("linear refuses", () => {
  it("sizes and dtypes that do not fit", async () => {
    const device = await testDevice();
    scope(() => {
      const x = zeros(device, [2, 3]);
      const weight = zeros(device, [4, 3]);
      expect(() => linear(x, zeros(device, [3, 4]))).toThrow("linear: x must end in the weight's 4 inputs, got x [2, 3] and weight [3, 4]; a weight is stored [out, in]");
      expect(() => linear(x, weight, zeros(device, [3]))).toThrow("linear: bias must have one value a column, [4], got [3]");
      expect(() => linear(x, zeros(device, [3]))).toThrow("linear: weight must have 2 dimensions, got [3]");
      expect(() => linear(zeros(device, []), weight)).toThrow("linear: x must have at least 1 dimensions, got []");
      expect(() => linear(zeros(device, [2, 3], { dtype: "i32" }), weight)).toThrow("linear: x must be f32, got i32");
      expect(() => linear(x, weight, zeros(device, [4], { dtype: "u32" }))).toThrow("linear: bias must be f32, got u32");
    });
  });
});
