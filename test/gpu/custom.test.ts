// Kernels and ops of a user's own: the ones of the examples, against loops and differences, and everything that is refused.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as k from "../../src/index.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { nd } from "../support/nd.js";
import { testCases, type OpCase } from "../support/op_cases.js";

const wgsl = (name: string) => readFileSync(new URL(`../../examples/${name}.wgsl`, import.meta.url), "utf8");
const forwardKernel = k.defineKernel("squared_relu", wgsl("squared_relu"));
const backwardKernel = k.defineKernel("squared_relu_backward", wgsl("squared_relu_backward"));
const over = (x: k.Tensor) => ({ workgroups: Math.ceil(x.size / 64), params: { size: x.size } });

function forward(x: k.Tensor) {
  const y = k.emptyLike(x);
  forwardKernel.launch({ x, y }, over(x));
  return { output: y, saved: [x] as const };
}

function squaredRelu(x: k.Tensor): k.Tensor {
  return k.customOp("squaredRelu", [x], {
    forward: () => forward(x),
    backward: (dy, [x]) => {
      const dx = k.emptyLike(x);
      backwardKernel.launch({ x, dy, dx }, over(x));
      return [dx];
    },
  });
}

const shapes = [[1], [63], [64], [65], [3, 5, 7], [131, 17], [0, 4]];
testCases("squaredRelu", [
  ...shapes.map((shape): OpCase => ({
    name: `squaredRelu [${shape}]`,
    inputs: [{ shape, values: (random) => random.normal() + 0.5 }],
    run: ([x]) => squaredRelu(x!),
    reference: ([x]) => nd(x!.shape, (i) => Math.max(x!.data[i]!, 0) ** 2),
    tolerance: "arithmetic",
  })),
  {
    name: "squaredRelu between other ops",
    inputs: [{ shape: [4, 6] }],
    run: ([x]) => k.sum(squaredRelu(k.mul(squaredRelu(x!), x!)), { axis: 1 }),
    reference: ([x]) => nd([4], (row) => Array.from({ length: 6 }, (_, i) => x!.data[6 * row + i]!).reduce((sum, v) => sum + Math.max(Math.max(v, 0) ** 2 * v, 0) ** 2, 0)),
    tolerance: "reduction",
  },
  {
    name: "squaredRelu past 65,535 workgroups",
    inputs: [{ shape: [64 * 65535 + 65] }],
    run: ([x]) => squaredRelu(x!),
    reference: ([x]) => nd(x!.shape, (i) => Math.max(x!.data[i]!, 0) ** 2),
    tolerance: "arithmetic",
    gradient: false,
  },
]);

describe("customOp", () => {
  it("keeps what it saved until backward, and nothing after", () =>
    withoutLeak(async (device) => {
      const x = k.tensor(device, [1, 2], { requiresGrad: true });
      const y = k.customOp("cube", [x], {
        forward: () => {
          const square = k.mul(x, x);
          return { output: k.mul(square, x), saved: [square] };
        },
        backward: (dy, [square]) => [k.mul(k.mul(square, 3), dy)],
      });
      const loss = k.sum(y);
      y.dispose();
      loss.backward();
      expect([...(await x.grad!.data())]).toEqual([3, 12]);
      loss.dispose();
      x.dispose();
    }));

  it("tells backward which inputs want a gradient, and puts none on the tape without", async () => {
    const device = await testDevice();
    const [a, b] = [k.tensor(device, [2], { requiresGrad: true }), k.tensor(device, [3])];
    const asked: (readonly boolean[])[] = [];
    const product = () =>
      k.customOp("product", [a, b], {
        forward: () => ({ output: k.mul(a, b), saved: [a, b] }),
        backward: (dy, [a, b], needs) => (asked.push(needs), [k.mul(dy, b), k.mul(dy, a)]),
      });
    product().backward();
    expect(asked).toEqual([[true, false]]);
    expect(await a.grad!.item()).toBe(3);
    expect(b.grad).toBeNull();
    expect(k.noGrad(product).requiresGrad).toBe(false);
    expect(k.customOp("flat", [a], { forward: () => ({ output: k.sign(a), saved: [] }) }).requiresGrad).toBe(false);
  });

  it("is replayed by capture, with params asked again", async () => {
    const device = await testDevice();
    const scaled = k.defineKernel("scaled", `
      struct Params { size: u32, factor: f32 }
      @group(0) @binding(0) var<storage, read> x: array<f32>;
      @group(0) @binding(1) var<storage, read_write> y: array<f32>;
      @group(0) @binding(2) var<uniform> params: Params;
      @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { if (id.x < params.size) { y[id.x] = params.factor * x[id.x]; } }`);
    let factor = 1;
    const step = k.capture(device, ({ x }: { x: k.Tensor }) => {
      const y = k.emptyLike(x);
      scaled.launch({ x, y }, { workgroups: 1, params: () => ({ size: x.size, factor }) });
      return y;
    });
    const results: number[][] = [];
    for (factor of [1, 2, -3]) results.push([...(await step({ x: Float32Array.of(1, 10) }).data())]);
    expect(results).toEqual([[1, 10], [2, 20], [-3, -30]]);
    step.dispose();
  });

  it("makes backward refuse a saved tensor that a kernel overwrote", async () => {
    const device = await testDevice();
    const x = k.tensor(device, [1, 2], { requiresGrad: true });
    const y = squaredRelu(x);
    forwardKernel.launch({ x: k.ones(device, [2]), y: x }, over(x));
    expect(() => k.sum(y).backward()).toThrow("a tensor that squaredRelu saved was changed in place");
  });

  it("refuses what cannot be meant", async () => {
    const device = await testDevice();
    const x = k.tensor(device, [1, 2], { requiresGrad: true });
    expect(() => k.customOp("same", [x], { forward: () => ({ output: x, saved: [] }) })).toThrow("same: forward returned one of its inputs");
    expect(() => k.customOp("none", [null as never], { forward: () => forward(x) })).toThrow("none: input 0 must be a tensor");
    const withGradients = (backward: () => readonly (k.Tensor | null)[]) => () => k.sum(k.customOp("bad", [x], { forward: () => forward(x), backward })).backward();
    expect(withGradients(() => [])).toThrow("bad: backward must give 1 gradients, got 0");
    expect(withGradients(() => [k.ones(device, [3])])).toThrow("bad: the gradient of input 0 must have its shape [2], got [3]");
    expect(withGradients(() => [k.ones(device, [2], { dtype: "i32" })])).toThrow("bad: the gradient of input 0 must be f32, got i32");
    expect(x.grad).toBeNull();
  });
});

describe("defineKernel", () => {
  it("refuses texts that are no kernel", () => {
    expect(() => k.defineKernel("two words", wgsl("squared_relu"))).toThrow("defineKernel: name must be one word");
    expect(() => k.defineKernel("none", 1 as never)).toThrow("defineKernel: none needs its WGSL as text, got number");
    expect(() => k.defineKernel("empty", "fn other() {}")).toThrow("empty.wgsl: has no function main");
    expect(() => k.defineKernel("unbound", "@compute @workgroup_size(1) fn main() {}")).toThrow("unbound.wgsl: has no binding in group 0");
  });

  it("launches over the tensors that the kernel names, and no others", async () => {
    const device = await testDevice();
    const [x, y] = [k.ones(device, [4]), k.zeros(device, [4])];
    expect(() => forwardKernel.launch({ x }, over(x))).toThrow('squared_relu.wgsl: no buffer given for binding "y"');
    expect(() => forwardKernel.launch({ x, y, z: x }, over(x))).toThrow('squared_relu.wgsl: has no binding named "z"');
    expect(() => forwardKernel.launch({ x, y }, { workgroups: 1 })).toThrow('no value given for Params field "size"');
    expect(() => forwardKernel.launch({ x, y }, { workgroups: 1, params: { size: 4, other: 1 } })).toThrow('Params has no field "other"');
    expect(() => forwardKernel.launch({ x, y: x }, over(x))).toThrow("shares its memory with another of its bindings");
    expect(() => forwardKernel.launch({}, over(x))).toThrow("no tensors given; it has the bindings x, y");
    expect(() => forwardKernel.launch({ x, y }, { ...over(x), grid: 1 } as never)).toThrow('unknown option "grid"');
    expect([...(await y.data())]).toEqual([0, 0, 0, 0]);
  });

  it("tells the compiler's message at the next read", async () => {
    const device = await testDevice();
    const wrong = k.defineKernel("wrong_types", wgsl("squared_relu").replace("0.0", "0u"));
    const x = k.ones(device, [4]);
    const launched = () => wrong.launch({ x, y: k.emptyLike(x) }, over(x));
    await expect((async () => (launched(), await x.data()))()).rejects.toThrow(/wrong_types/);
  });
});
