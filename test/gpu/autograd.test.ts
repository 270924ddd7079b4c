// The tape itself: the order of the walk, who owns what, and misuse. The gradients of single ops are tested elsewhere.
import { describe, expect, it } from "vitest";
import { DTypeError, GradError, UsageError } from "../../src/errors.js";
import { add, exp, fromArray, log, mul, neg, ones, relu, sub } from "../../src/ops/index.js";
import { keep, scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import { isGradEnabled, noGrad } from "../../src/tensor/tape.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";
import { compare } from "../support/tolerances.js";

async function leaf(...values: number[]): Promise<Tensor> {
  return fromArray(await testDevice(), values, { requiresGrad: true });
}

async function expectGrad(x: Tensor, want: number[]): Promise<void> {
  expect(x.grad, "grad").not.toBeNull();
  const result = compare(await x.grad!.data(), want, "gradient");
  expect(result.worst, result.message).toBeLessThanOrEqual(1);
}

describe("backward over a graph", () => {
  it("sums over the paths of a diamond", async () => {
    const x = await leaf(0.7);
    const a = mul(x, 2); // d = a^2 e^a + a
    const d = add(mul(mul(a, a), exp(a)), a);
    backward(d);
    await expectGrad(x, [2 * ((1.4 ** 2 + 2 * 1.4) * Math.exp(1.4) + 1)]);
  });

  it("visits a node after all of its consumers, also where paths differ in length", async () => {
    const x = await leaf(1.5);
    let long = mul(x, x);
    const y = long;
    for (let i = 0; i < 5; i++) long = neg(long);
    backward(add(mul(long, y), y)); // -x^4 + x^2
    await expectGrad(x, [-4 * 1.5 ** 3 + 2 * 1.5]);
  });

  it("takes one tensor in both places of an op, many times over", async () => {
    const x = await leaf(3);
    let y = x;
    for (let i = 0; i < 5; i++) y = add(y, y);
    backward(y);
    await expectGrad(x, [32]);
  });

  it("adds up over two backwards, and does not share memory between leaves", async () => {
    const a = await leaf(1, 2);
    const b = await leaf(3, 4);
    const gradient = fromArray(a.device, [10, 20]);
    backward(add(a, b), { gradient });
    backward(add(a, b), { gradient });
    backward(add(a, 1), { gradient });
    await expectGrad(a, [30, 60]);
    await expectGrad(b, [20, 40]);
    expect([...(await gradient.data())]).toEqual([10, 20]);
  });

  it("takes a leaf's own gradient as the cotangent, also where it is accumulated", async () => {
    const x = await leaf(1, 2);
    backward(mul(x, 3), { gradient: fromArray(x.device, [1, 10]) });
    backward(add(x, 0), { gradient: x.grad! });
    await expectGrad(x, [6, 60]);
    backward(x, { gradient: x.grad! });
    await expectGrad(x, [12, 120]);
  });

  it("of a leaf itself is 1", async () => {
    const x = await leaf(5);
    backward(x);
    await expectGrad(x, [1]);
  });

  it("leaves out inputs that need no gradient", async () => {
    const x = await leaf(2);
    const w = fromArray(x.device, [7]);
    backward(mul(x, w));
    await expectGrad(x, [7]);
    expect(w.grad).toBeNull();
  });

  it("puts nothing on the tape while it runs", async () => {
    const x = await leaf(2);
    backward(mul(x, x));
    expect(x.grad!.requiresGrad).toBe(false);
    expect(isGradEnabled()).toBe(true);
  });
});

describe("noGrad and detach", () => {
  it("noGrad records nothing, and ends when its function throws", async () => {
    const x = await leaf(2);
    expect(noGrad(() => mul(x, x)).requiresGrad).toBe(false);
    expect(() => noGrad(() => { throw new Error("inside"); })).toThrow("inside");
    expect(mul(x, x).requiresGrad).toBe(true);
  });

  it("detach cuts one path and shares memory", async () => {
    const x = await leaf(3);
    const { liveBuffers } = x.device.memory();
    const cut = x.detach();
    expect(cut.requiresGrad).toBe(false);
    expect(x.device.memory().liveBuffers).toBe(liveBuffers);
    backward(mul(cut, x));
    await expectGrad(x, [3]);
  });
});

describe("misuse", () => {
  it("backward twice needs retainGraph at the first", async () => {
    const x = await leaf(3);
    const once = mul(x, x);
    backward(once);
    expect(() => backward(once)).toThrow(GradError);
    expect(() => backward(once)).toThrow("backward: the tape of mul was already used; pass { retainGraph: true } to the first backward");
    const kept = mul(x, x);
    backward(kept, { retainGraph: true });
    backward(kept);
    await expectGrad(x, [18]);
    expect(() => backward(kept)).toThrow("already used");
  });

  it("so does a second output of a shared part, and no gradient moves before the error", async () => {
    const x = await leaf(3);
    const w = await leaf(2);
    const shared = exp(x);
    const first = neg(shared);
    const second = mul(shared, w);
    backward(first);
    expect(() => backward(second)).toThrow("backward: the tape of exp was already used");
    expect(w.grad).toBeNull();
  });

  it("a tensor that is not a scalar needs a gradient of its shape", async () => {
    const y = exp(await leaf(1, 2));
    expect(() => backward(y)).toThrow("backward: needs a scalar, got [2]; reduce it, or pass { gradient }");
    expect(() => backward(y, { gradient: ones(y.device, [3]) })).toThrow("backward: gradient has the wrong shape, got [3] for [2]");
    expect(() => backward(y, { gradient: ones(y.device, [2], { dtype: "i32" }) })).toThrow("backward: gradient must be f32, got i32");
    backward(y, { gradient: ones(y.device, [2]) });
  });

  it("a tensor without a leaf that requires a gradient has no backward", async () => {
    const x = fromArray(await testDevice(), [1]);
    expect(() => backward(exp(x))).toThrow("backward: the tensor does not require a gradient");
  });

  it("requiresGrad is for leaves of f32", async () => {
    const x = await leaf(1);
    expect(() => exp(x).setRequiresGrad(false)).toThrow("requiresGrad: only a leaf can be changed, this tensor was computed by exp; use detach()");
    expect(() => fromArray(x.device, [1], { dtype: "i32", requiresGrad: true })).toThrow(DTypeError);
  });

  it("a saved tensor that was changed in place is an error, before any gradient moves", async () => {
    const x = await leaf(3);
    const w = await leaf(5);
    const y = add(mul(x, w), w);
    x.set([4]);
    expect(() => backward(y)).toThrow("backward: a tensor that mul saved was changed in place; change it after backward");
    expect(x.grad).toBeNull();
    expect(w.grad).toBeNull();
  });

  it("a change through a view is noticed too, one of a tensor that nothing reads is not", async () => {
    const x = await leaf(3);
    const y = log(x);
    x.view([1, 1]).set([4]);
    expect(() => backward(y)).toThrow("log saved was changed in place");
    const z = add(x, 1);
    x.set([9]);
    backward(z);
    await expectGrad(x, [1]);
  });

  it("a scope or noGrad around an asynchronous function is an error, and its rejection is not another", async () => {
    expect(() => scope(async () => 1)).toThrow(UsageError);
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    const fails = async () => {
      throw new Error("inside");
    };
    expect(() => scope(fails)).toThrow("scope: the function returned a promise");
    expect(() => noGrad(fails)).toThrow("noGrad: the function returned a promise");
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
    expect(isGradEnabled()).toBe(true);
  });

  it("what is no tensor, and an unknown option", async () => {
    const x = await leaf(3);
    expect(() => backward(undefined as unknown as Tensor)).toThrow("backward: needs a tensor, got undefined");
    expect(() => backward(exp(x), { retain_graph: true } as object)).toThrow('backward: unknown option "retain_graph"; known options: gradient, retainGraph');
    expect(() => backward(exp(x), { gradient: 2 as unknown as Tensor })).toThrow("backward: gradient must be a tensor, got number");
    expect(x.grad).toBeNull();
  });

  it("an assigned gradient that does not fit its leaf, before any gradient moves", async () => {
    const x = await leaf(1, 2, 3);
    const w = await leaf(4, 5, 6);
    const { device } = x;
    const y = mul(x, w);
    const gradient = ones(device, [3]);
    x.grad = ones(device, [1]);
    expect(() => backward(y, { gradient })).toThrow("backward: the gradient assigned to a leaf has the wrong shape, got [1] for [3]");
    x.grad = ones(device, [3], { dtype: "i32" });
    expect(() => backward(y, { gradient })).toThrow("backward: the gradient assigned to a leaf must be f32, got i32");
    expect(w.grad).toBeNull();
    x.grad = ones(device, [3]);
    backward(y, { gradient });
    await expectGrad(x, [5, 6, 7]);
  });
});

describe("memory", () => {
  it("inputs and results disposed between forward and backward live on in the tape", async () => {
    const x = await leaf(0.5);
    const w = fromArray(x.device, [3]);
    const a = exp(x);
    const b = mul(a, w);
    const y = relu(b);
    a.dispose();
    b.dispose();
    w.dispose();
    // Reused memory would show in the gradient.
    const other = fromArray(x.device, [99]);
    backward(y);
    await expectGrad(x, [3 * Math.exp(0.5)]);
    for (const t of [x, y, other]) t.dispose();
  });

  it("a tape nobody walks is freed with its output", async () => {
    const device = await testDevice();
    const before = device.memory().liveBytes;
    const x = await leaf(0.5);
    scope(() => {
      exp(mul(x, exp(x)));
    });
    x.dispose();
    expect(device.memory().liveBytes).toBe(before);
  });

  it("200 training steps return to the baseline and create no buffer after the second", async () => {
    const device = await testDevice();
    const x = await leaf(...Array.from({ length: 100 }, (_, i) => i / 100));
    const bias = await leaf(1);
    const step = () => {
      const loss = scope(() => {
        const y = relu(sub(mul(x, x), bias));
        const kept = mul(y, exp(neg(y)));
        backward(kept, { gradient: ones(device, [100]) });
        return kept;
      });
      loss.dispose();
      for (const parameter of [x, bias]) {
        parameter.grad!.dispose();
        parameter.grad = null;
      }
    };
    const before = device.memory();
    step();
    step();
    const { created } = device.pool;
    for (let i = 0; i < 198; i++) step();
    expect(device.memory()).toMatchObject({ liveBytes: before.liveBytes, liveBuffers: before.liveBuffers });
    expect(device.pool.created).toBe(created);
    x.dispose();
    bias.dispose();
  });

  it("keep outlives its scopes, and what is returned belongs to the one outside", async () => {
    const x = await leaf(1);
    let kept: Tensor | undefined;
    let inner: Tensor | undefined;
    const lost: Tensor[] = [];
    scope(() => {
      inner = scope(() => {
        kept = keep(exp(x));
        lost.push(neg(x));
        return { result: [mul(x, 2)] };
      }).result[0]!;
      expect(inner.isDisposed).toBe(false);
      expect(lost[0]!.isDisposed).toBe(true);
    });
    expect(inner!.isDisposed).toBe(true);
    expect(kept!.isDisposed).toBe(false);
    expect(compare([await kept!.item()], [Math.E], "transcendental").worst).toBeLessThanOrEqual(1);
    expect(() => neg(lost[0]!)).toThrow("used after dispose()");
    kept!.dispose();
    x.dispose();
  });

  it("a closure that throws leaves nothing behind, 100 times", async () => {
    const device = await testDevice();
    const x = await leaf(1, 2, 3);
    const before = device.memory().liveBytes;
    for (let i = 0; i < 100; i++) {
      expect(() =>
        scope(() => {
          const y = exp(mul(x, ones(device, [3])));
          add(y, ones(device, [2])); // does not broadcast
        }),
      ).toThrow("do not broadcast");
      expect(() => scope(() => backward(exp(x)))).toThrow("needs a scalar");
    }
    expect(device.memory().liveBytes).toBe(before);
    x.dispose();
  });

  it("a chain of 10,000 ops walks back, or is freed, without overflowing the stack", async () => {
    const device = await testDevice();
    const before = device.memory().liveBytes;
    const x = await leaf(1);
    const chain = () => {
      let y = x;
      for (let i = 0; i < 10_000; i++) y = neg(y);
      return y;
    };
    scope(() => backward(chain()));
    await expectGrad(x, [1]);
    scope(chain).dispose();
    x.dispose();
    expect(device.memory().liveBytes).toBe(before);
  });
});
