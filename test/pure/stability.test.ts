// The thresholds of src/tune/preconditioner.ts, against the recurrences that they are derived from.
import { describe, expect, it } from "vitest";
import { stabilityRules, type StepOptions } from "../../src/tune/preconditioner.js";

/** |x| after many steps on lambda x^2 / 2, over where it started: huge past the threshold, tiny below it. */
function growth(step: (x: number, gradient: number) => number, lambda: number): number {
  let x = 1;
  let largest = 0;
  for (let t = 0; t < 4000; t++) {
    x = step(x, lambda * x);
    if (t >= 3900) largest = Math.max(largest, Math.abs(x));
  }
  return largest;
}

function sgd(lr: number, { momentum, dampening, nesterov }: { momentum: number; dampening: number; nesterov: boolean }) {
  let buffer: number | null = null;
  return (x: number, g: number) => {
    buffer = buffer === null ? g : momentum * buffer + (1 - dampening) * g;
    return x - lr * (momentum === 0 ? g : nesterov ? g + momentum * buffer : buffer);
  };
}

function mean(lr: number, beta: number) {
  let m = 0;
  return (x: number, g: number) => {
    m = beta * m + (1 - beta) * g;
    return x - lr * m;
  };
}

const forms = [
  { momentum: 0, dampening: 0, nesterov: false },
  { momentum: 0.5, dampening: 0, nesterov: false },
  { momentum: 0.9, dampening: 0, nesterov: false },
  { momentum: 0.9, dampening: 0.9, nesterov: false },
  { momentum: 0.9, dampening: 0.3, nesterov: false },
  { momentum: 0.9, dampening: 0, nesterov: true },
  { momentum: 0.3, dampening: 0, nesterov: true },
];

describe("stability thresholds", () => {
  it.each(forms)("of SGD %j", (options) => {
    const lambda = 3;
    const edge = stabilityRules.SGD!.threshold(options as unknown as StepOptions) / lambda;
    expect(growth(sgd(0.99 * edge, options), lambda)).toBeLessThan(1e-2);
    expect(growth(sgd(1.01 * edge, options), lambda)).toBeGreaterThan(1e2);
  });

  it.each([0, 0.5, 0.9])("of a running mean of gradients with beta %d: Adam with its scaling settled", (beta) => {
    for (const name of ["Adam", "AdamW"]) {
      const edge = stabilityRules[name]!.threshold({ betas: [beta, 0.99] }) / 7;
      expect(growth(mean(0.99 * edge, beta), 7)).toBeLessThan(1e-1);
      expect(growth(mean(1.01 * edge, beta), 7)).toBeGreaterThan(1e1);
    }
  });

  it("plain gradient descent is 2 / lambda, and heavy ball 2 (1 + momentum) / lambda", () => {
    expect(stabilityRules.SGD!.threshold({ momentum: 0, dampening: 0, nesterov: false })).toBe(2);
    expect(stabilityRules.SGD!.threshold({ momentum: 0.9, dampening: 0, nesterov: false })).toBeCloseTo(3.8, 12);
    expect(stabilityRules.AdamW!.threshold({ betas: [0.9, 0.999] })).toBeCloseTo(38, 10);
  });
});

describe("Adam's scaling", () => {
  it("is what divides the gradient at step t, bias corrections and all", () => {
    const [beta1, beta2, eps, lr] = [0.9, 0.99, 1e-6, 0.01];
    let [m, v] = [0, 0];
    for (let t = 1; t <= 30; t++) {
      const g = Math.sin(t) + 0.3;
      m = beta1 * m + (1 - beta1) * g;
      v = beta2 * v + (1 - beta2) * g * g;
      const move = (lr * (m / (1 - beta1 ** t))) / (Math.sqrt(v / (1 - beta2 ** t)) + eps);
      expect((lr * m) / stabilityRules.AdamW!.scaling!.of(v, t, { betas: [beta1, beta2], eps })).toBeCloseTo(move, 14);
    }
  });

  it("settled is what it tends to where the gradients' squares have this mean", () => {
    const options = { betas: [0.9, 0.99], eps: 1e-8 };
    const { of, settled } = stabilityRules.Adam!.scaling!;
    expect(of(0.25, 5000, options)).toBeCloseTo(settled(0.25, options), 12);
  });
});
