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

/** Real steps with a gradient of each one's own: what the parameter moved by, and what the rule says it was divided by. */
const scalings: Record<string, { options: Record<string, unknown>; step: (state: Record<string, number>, g: number, t: number) => { moves: number; numerator: number } }> = {
  AdamW: { options: { betas: [0.9, 0.99], eps: 1e-4 }, step: (state, g, t) => adamStep(state, g, t, { corrected: true, amsgrad: false }) },
  Adam: { options: { betas: [0.9, 0.99], eps: 1e-4, amsgrad: true }, step: (state, g, t) => adamStep(state, g, t, { corrected: true, amsgrad: true }) },
  GIAdam: { options: { betas: [0.9, 0.99], eps: 1e-4, biasCorrection: false }, step: (state, g, t) => adamStep(state, g, t, { corrected: false, amsgrad: false }) },
  RAdam: {
    options: { betas: [0.9, 0.99], eps: 1e-4 },
    step(state, g, t) {
      state.m = 0.9 * state.m! + 0.1 * g;
      state.v = 0.99 * state.v! + 0.01 * g * g;
      const rhoInf = 2 / 0.01 - 1;
      const rho = rhoInf - (2 * t * 0.99 ** t) / (1 - 0.99 ** t);
      const mean = state.m / (1 - 0.9 ** t);
      const r = Math.sqrt(((rho - 4) * (rho - 2) * rhoInf) / ((rhoInf - 4) * (rhoInf - 2) * rho));
      return { moves: rho > 5 ? (mean * r * Math.sqrt(1 - 0.99 ** t)) / (Math.sqrt(state.v) + 1e-4) : mean, numerator: state.m };
    },
  },
  RMSprop: {
    options: { alpha: 0.95, eps: 1e-4, momentum: 0, centered: true },
    step(state, g) {
      state.square = 0.95 * state.square! + 0.05 * g * g;
      state.average = 0.95 * state.average! + 0.05 * g;
      return { moves: g / (Math.sqrt(state.square - state.average ** 2) + 1e-4), numerator: g };
    },
  },
  Adagrad: {
    options: { lrDecay: 0.1, eps: 1e-10, initialAccumulatorValue: 0 },
    step(state, g, t) {
      state.sum = state.sum! + g * g;
      return { moves: g / (Math.sqrt(state.sum) + 1e-10) / (1 + (t - 1) * 0.1), numerator: g };
    },
  },
};

function adamStep(state: Record<string, number>, g: number, t: number, { corrected, amsgrad }: { corrected: boolean; amsgrad: boolean }) {
  state.m = 0.9 * state.m! + 0.1 * g;
  state.v = 0.99 * state.v! + 0.01 * g * g;
  state.highest = Math.max(state.highest!, state.v);
  const second = amsgrad ? state.highest : state.v;
  const moves = corrected ? state.m / (1 - 0.9 ** t) / (Math.sqrt(second / (1 - 0.99 ** t)) + 1e-4) : state.m / (Math.sqrt(second) + 1e-4);
  return { moves, numerator: state.m };
}

describe("the scaling of the coming step", () => {
  it.each(Object.entries(scalings))("%s: what the gradient, or its running mean, is divided by", (name, { options, step }) => {
    const state: Record<string, number> = { m: 0, v: 0, highest: 0, square: 0, average: 0, sum: 0 };
    for (let t = 1; t <= 40; t++) {
      const g = 2 * Math.sin(t) * (1 - t / 50) + 0.3;
      const before = { ...state };
      const { moves, numerator } = step(state, g, t);
      expect(numerator / stabilityRules[name]!.scaling!.upcoming((moment) => before[moment]!, g, t, options) / moves, `step ${t}`).toBeCloseTo(1, 10);
    }
  });

  it("settled is what it tends to where the gradients' squares have this mean", () => {
    for (const [name, options] of [["Adam", { betas: [0.9, 0.99], eps: 1e-8 }], ["RAdam", { betas: [0.9, 0.99], eps: 1e-8 }], ["RMSprop", { alpha: 0.9, eps: 1e-8 }]] as const) {
      const { upcoming, settled } = stabilityRules[name]!.scaling!;
      expect(upcoming(() => 0.25, 0.5, 5000, options), name).toBeCloseTo(settled(0.25, options), 10);
    }
  });

  it("decay adds curvature where it joins the gradient", () => {
    const coupled = (name: string, options = {}) => stabilityRules[name]!.coupledDecay(options);
    expect([coupled("SGD"), coupled("SGD", { decoupledWeightDecay: true }), coupled("Adam"), coupled("AdamW"), coupled("RAdam", { decoupledWeightDecay: true })]).toEqual([true, false, true, false, false]);
  });
});
