import { describe, expect, it } from "vitest";
import { noam, oscillation, warmup, warmupStableDecay } from "../../src/schedule/index.js";
import { edges, expectFormula, firstSteps } from "../support/schedules.js";

const conventions = ["huggingface", "llmc", "nanogpt", "pytorch"] as const;
const curves = ["linear", "constant", "exponential", "cosine"] as const;

/** How far the ramp of W steps is at step t, as each program has it. */
const progress = {
  huggingface: (t: number, W: number) => t / W,
  llmc: (t: number, W: number) => Math.min(1, (t + 1) / W),
  nanogpt: (t: number, W: number) => (t + 1) / (W + 1),
  pytorch: (t: number, W: number) => t / W,
};

const formula = {
  linear: (from: number, to: number, p: number) => from * (1 - p) + to * p,
  constant: (from: number) => from,
  exponential: (from: number, to: number, p: number) => from * Math.exp(p * Math.log(to / from)),
  cosine: (from: number, to: number, p: number) => from + ((to - from) * (1 - Math.cos(Math.PI * p))) / 2,
};

describe("linear warmup", () => {
  it("huggingface: the first step has rate 0", () => {
    expectFormula(warmup({ steps: 100, to: 0.3 }), (t) => 0.3 * (t < 100 ? t / 100 : 1));
    expect(warmup({ steps: 10, to: 1 }).at(0)).toBe(0);
  });

  it("llmc: the first step has 1/W of the rate", () => {
    expectFormula(warmup({ steps: 60, to: 3, convention: "llmc" }), (t) => (t < 60 ? (3 * (t + 1)) / 60 : 3));
  });

  it("nanogpt: the first step has 1/(W+1) of the rate", () => {
    expectFormula(warmup({ steps: 60, to: 3, convention: "nanogpt" }), (t) => (t < 60 ? (3 * (t + 1)) / 61 : 3));
  });

  it("pytorch: LinearLR's start_factor of a third, by its recurrence", () => {
    const schedule = warmup({ steps: 5, to: 0.05, convention: "pytorch" });
    const rates = [0.05 / 3];
    for (let t = 0; t < 5; t++) rates.push(rates[t]! * (1 + (1 - 1 / 3) / (5 * (1 / 3) + t * (1 - 1 / 3))));
    expectFormula(schedule, (t) => rates[Math.min(t, 5)]!, [0, 1, 2, 3, 4, 5, 6, 12]);
  });

  it("starts at from, and may fall", () => {
    expectFormula(warmup({ steps: 33, from: 0.1, to: 0.7 }), (t) => (t < 33 ? (0.1 * (33 - t) + 0.7 * t) / 33 : 0.7));
    expectFormula(warmup({ steps: 33, from: 0.7, to: 0.1 }), (t) => (t < 33 ? (0.7 * (33 - t) + 0.1 * t) / 33 : 0.1));
  });
});

describe.each(curves)("%s warmup", (curve) => {
  it.each(conventions)("%s: its formula at both ends, between, and past the end", (convention) => {
    for (const W of [1, 2, 7, 100, 12_345]) {
      const s = warmup({ steps: W, from: 0.02, to: 0.7, curve, convention });
      expectFormula(s, (t) => (t < W ? formula[curve](0.02, 0.7, progress[convention](t, W)) : 0.7), [...edges(W), ...firstSteps]);
      expect(s.steps).toBe(W);
    }
  });

  it.each(conventions)("%s: W = 0 means none", (convention) => {
    const s = warmup({ steps: 0, from: 0.02, to: 0.7, curve, convention });
    for (const t of edges(0)) expect(s.at(t)).toBe(0.7);
    expect(s.steps).toBe(0);
  });

  it.each(conventions)("%s: the end is exact, and the start where the ramp starts there", (convention) => {
    const s = warmup({ steps: 9, from: 0.1, to: 0.3, curve, convention });
    for (const t of [9, 9.5, 10, 1e15]) expect(s.at(t)).toBe(0.3);
    if (convention === "huggingface" || convention === "pytorch") expect(s.at(0)).toBe(0.1);
  });
});

describe("warmup curves", () => {
  it("constant: a third of the rate under the pytorch convention, as ConstantLR", () => {
    expectFormula(warmup({ steps: 5, to: 0.9, curve: "constant", convention: "pytorch" }), (t) => (t < 5 ? 0.9 * (1 / 3) : 0.9));
  });

  it("exponential: a ratio that float64 cannot hold", () => {
    const s = warmup({ steps: 4, from: 1e-200, to: 1e200, curve: "exponential" });
    expectFormula(s, (t) => [1e-200, 1e-100, 1, 1e100, 1e200][t]!, [0, 1, 2, 3, 4]);
  });

  it("never leaves the span between from and to by more than rounding", () => {
    for (const curve of curves) {
      const s = warmup({ steps: 1000, from: 0.3, to: 0.3, curve });
      for (let t = 0; t <= 1001; t++) expect(s.at(t)).toBe(0.3);
    }
  });
});

describe("a ratio of the total", () => {
  it("rounds up to a whole step, as math.ceil(total * ratio) in transformers", () => {
    expect(warmup({ ratio: 0.1, total: 2000, to: 1 }).steps).toBe(200);
    expect(warmup({ ratio: 0.03, total: 1010, to: 1 }).steps).toBe(31);
    expect(warmup({ ratio: 0.5, total: 3, to: 1 }).steps).toBe(2);
    expect(warmup({ ratio: 0.07, total: 100, to: 1 }).steps).toBe(8); // 0.07 * 100 = 7.000000000000001, there too
    expect(warmup({ ratio: 1, total: 3, to: 1 }).steps).toBe(3);
    expect(warmup({ ratio: 0, total: 3, to: 1 }).steps).toBe(0);
    expect(warmup({ ratio: 0.5, total: 0, to: 1 }).at(0)).toBe(1);
  });

  it("is saved as the steps that it came to", () => expect(warmup({ ratio: 0.1, total: 200, to: 1 }).toJSON()).toEqual(warmup({ steps: 20, to: 1 }).toJSON()));
});

describe("oscillation", () => {
  it.each(curves)("%s ramp times 1 + a sin(2 pi t / P), and the plain rate from W on", (curve) => {
    const s = warmup({ steps: 50, from: 0.02, to: 0.7, curve, oscillation: { amplitude: 0.3, period: 7 } });
    expectFormula(s, (t) => (t < 50 ? formula[curve](0.02, 0.7, t / 50) * (1 + 0.3 * Math.sin((2 * Math.PI * t) / 7)) : 0.7));
  });

  it("is never negative at amplitude 1", () => {
    const s = warmup({ steps: 4000, from: 1, to: 1, oscillation: { amplitude: 1, period: 4 } });
    for (let t = 0; t < 4100; t += 0.25) expect(s.at(t)).toBeGreaterThanOrEqual(0);
    expect(s.at(3)).toBe(0);
    expect(s.at(1)).toBe(2);
  });

  it("is a factor of its own, for a while or for ever", () => {
    expectFormula(oscillation({ amplitude: 0.5, period: 10, steps: 30 }), (t) => (t < 30 ? 1 + 0.5 * Math.sin((2 * Math.PI * t) / 10) : 1));
    expectFormula(noam({ width: 64, warmup: 20 }).times(oscillation({ amplitude: 0.5, period: 10 })), (t) => noam({ width: 64, warmup: 20 }).at(t) * (1 + 0.5 * Math.sin((2 * Math.PI * t) / 10)));
    expect(oscillation({ amplitude: 0.5, period: 10 }).steps).toBe(Infinity);
  });

  it("keeps its phase at t = 1e15", () => {
    const s = oscillation({ amplitude: 0.5, period: 8 });
    for (const t of [0, 1, 2, 3, 4, 5, 6, 7]) expect(s.at(1e15 + t)).toBe(s.at(t)); // 8 divides 1e15
  });
});

describe("noam", () => {
  const paper = (step: number, width: number, W: number): number => Math.pow(width, -0.5) * Math.min(Math.pow(step, -0.5), step * Math.pow(W, -1.5));

  it.each([1, 2, 7, 4000])("W = %i: the paper's formula, which counts steps from 1", (W) => {
    expectFormula(noam({ width: 512, warmup: W }), (t) => paper(t + 1, 512, W), [...edges(W), ...firstSteps]);
    expectFormula(noam({ width: 512, warmup: W, scale: 2 }), (t) => 2 * paper(t + 1, 512, W));
  });

  it("peaks at the last step of the warmup", () => {
    const s = noam({ width: 512, warmup: 4000 });
    expectFormula(s, () => 1 / Math.sqrt(512 * 4000), [3999]);
    expect(s.at(3998)).toBeLessThan(s.at(3999));
    expect(s.at(4000)).toBeLessThan(s.at(3999));
  });

  it("W = 0 means decay only", () => expectFormula(noam({ width: 16, warmup: 0 }), (t) => 0.25 / Math.sqrt(t + 1)));
  it("takes a ratio of a total", () => expect(noam({ width: 16, warmup: { ratio: 0.1, total: 95 } }).toJSON()).toEqual(noam({ width: 16, warmup: 10 }).toJSON()));
});

describe("warmupStableDecay", () => {
  const fall = {
    linear: (p: number) => 1 - p,
    cosine: (p: number) => 0.5 * (1 + Math.cos(Math.PI * p)),
    "1-sqrt": (p: number) => 1 - Math.sqrt(p),
  };

  it.each(["linear", "cosine", "1-sqrt"] as const)("%s: a ramp, a plateau, a fall, the end", (decayCurve) => {
    const s = warmupStableDecay({ warmup: 20, stable: 50, decay: 40, to: 0.6, end: 0.1, decayCurve });
    expectFormula(s, (t) => {
      if (t < 20) return (0.6 * t) / 20;
      if (t < 70) return 0.6;
      return t < 110 ? 0.1 + 0.5 * fall[decayCurve]((t - 70) / 40) : 0.1;
    });
    expect([20, 69, 70].map((t) => s.at(t))).toEqual([0.6, 0.6, 0.6]);
    for (const t of [110, 111, 1e15]) expect(s.at(t)).toBe(0.1);
    expect(s.steps).toBe(110);
  });

  it.each(curves)("%s ramp under each convention is warmup's", (warmupCurve) => {
    for (const convention of conventions) {
      const s = warmupStableDecay({ warmup: 9, stable: 3, decay: 3, from: 0.1, to: 0.6, warmupCurve, convention });
      for (let t = 0; t < 12; t++) expect(s.at(t)).toBe(warmup({ steps: 9, from: 0.1, to: 0.6, curve: warmupCurve, convention }).at(t));
    }
  });

  it("any part may have no steps", () => {
    expectFormula(warmupStableDecay({ stable: 0, decay: 0, to: 2, end: 0.5 }), () => 0.5);
    expectFormula(warmupStableDecay({ warmup: 0, stable: 5, decay: 0, to: 2, end: 0.5 }), (t) => (t < 5 ? 2 : 0.5));
    expectFormula(warmupStableDecay({ warmup: 1, stable: 0, decay: 1, to: 2 }), (t) => (t === 1 ? 2 : 0));
  });

  it("takes ratios of a total, and the plateau is what is left", () => {
    const s = warmupStableDecay({ total: 101, warmup: { ratio: 0.05 }, decay: { ratio: 0.2 }, to: 1 });
    expect(s.toJSON()).toMatchObject({ warmup: 6, stable: 74, decay: 21 });
    expect(s.steps).toBe(101);
  });
});

describe("checks", () => {
  it.each([
    [() => warmup({ steps: -1, to: 1 }), "warmup: steps must be a whole number >= 0, got -1"],
    [() => warmup({ steps: 1.5, to: 1 }), "warmup: steps must be a whole number >= 0, got 1.5"],
    [() => warmup({ steps: 2 ** 53, to: 1 }), "warmup: steps must be at most 9007199254740991"],
    [() => warmup({ steps: 1, to: NaN }), "warmup: to must be a finite number, got NaN"],
    [() => warmup({ steps: 1 } as never), "warmup: to must be a finite number, got undefined"],
    [() => warmup({ steps: 1, to: 1, convention: "jax" as never }), 'warmup: unknown convention, got "jax"; use huggingface, llmc, nanogpt, pytorch'],
    [() => warmup({ steps: 1, to: 1, convention: "toString" as never }), 'warmup: unknown convention, got "toString"'],
    [() => warmup({ steps: 1, to: 1, curve: "sine" as never }), 'warmup: unknown curve, got "sine"; use linear, constant, exponential, cosine'],
    [() => warmup({ step: 1, to: 1 } as never), 'warmup: unknown option "step"; known options: steps, ratio, total'],
    [() => warmup({ steps: 3, to: 1, curve: "constant" }), "warmup: the constant curve needs from"],
    [() => warmup({ steps: 3, to: 1, curve: "exponential" }), "warmup: from must be a finite number > 0, got 0"],
    [() => warmup({ steps: 3, from: 1, to: -1, curve: "exponential" }), "warmup: to must be a finite number > 0, got -1"],
    [() => warmup({ steps: 3, ratio: 0.1, total: 30, to: 1 }), "warmup: needs steps, or ratio and total, got steps 3 and ratio 0.1 of 30"],
    [() => warmup({ ratio: 0.1, to: 1 }), "warmup: total must be a whole number >= 0, got undefined"],
    [() => warmup({ total: 10, to: 1 }), "warmup: ratio must be a finite number >= 0 and <= 1, got undefined"],
    [() => warmup({ ratio: 1.1, total: 10, to: 1 }), "warmup: ratio must be a finite number >= 0 and <= 1, got 1.1"],
    [() => warmup({ steps: 3, to: 1, oscillation: { amplitude: 1.1, period: 3 } }), "warmup: the oscillation's amplitude must be a finite number >= 0 and <= 1, got 1.1"],
    [() => warmup({ steps: 3, to: 1, oscillation: { amplitude: 1, period: 0 } }), "warmup: the oscillation's period must be a finite number > 0, got 0"],
    [() => warmup({ steps: 3, to: 1, oscillation: { amplitude: 1, phase: 0 } as never }), 'warmup: oscillation: unknown option "phase"'],
    [() => warmup({ steps: 3, to: 1e305 }), "warmup: its values must stay within 1e+300, got up to 1e+305"],
    [() => warmup(null as never), "warmup: options must be an object, got null"],
    [() => noam({ width: 0, warmup: 1 }), "noam: width must be a finite number > 0, got 0"],
    [() => noam({ width: 1 } as never), "noam: warmup must be a whole number >= 0, got undefined"],
    [() => noam({ width: 1, warmup: { ratio: 0.1 } as never }), "noam: warmup: total must be a whole number >= 0, got undefined"],
    [() => warmupStableDecay({ decay: 3, to: 1 }), "warmupStableDecay: needs stable or total, got neither"],
    [() => warmupStableDecay({ total: 10, warmup: 6, decay: 6, to: 1 }), "the parts must add up to total, got warmup 6, stable what is left and decay 6 of 10"],
    [() => warmupStableDecay({ total: 10, warmup: 2, stable: 3, decay: 2, to: 1 }), "the parts must add up to total, got warmup 2, stable 3 and decay 2 of 10"],
    [() => warmupStableDecay({ stable: 3, decay: { ratio: 0.1 }, to: 1 }), "warmupStableDecay: decay: total must be a whole number >= 0, got undefined"],
    [() => warmupStableDecay({ stable: 3, decay: 2, to: 1, decayCurve: "sqrt" as never }), 'unknown decayCurve, got "sqrt"; use linear, cosine, 1-sqrt'],
  ])("case %#", (make, message) => expect(make).toThrow(message));
});
