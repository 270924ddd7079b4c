import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { cosineRestarts, cosineWave, cyclic, linear, multiStep, oneCycle, step, warmRestarts, warmup } from "../../src/schedule/index.js";
import { expectFormula, expectSameAfterJSON, firstSteps } from "../support/schedules.js";

const halves = firstSteps.map((t) => t + 0.5);
const far = [1e6, 1e9, 1e12, 1e15];
const falling = (from: number, to: number, done: number): number => to + (from - to) * 0.5 * (1 + Math.cos(Math.PI * done));

describe("step", () => {
  it.each([[1, 0.9], [7, 0.5], [30, 0.1], [9, 0], [4, 1]])("every %d steps times %d", (every, factor) => {
    let want = 0.3;
    const s = step({ from: 0.3, every, factor });
    for (const t of firstSteps) {
      if (t > 0 && t % every === 0) want *= factor;
      expect(Math.abs(s.at(t) - want)).toBeLessThanOrEqual(1e-12 * want);
      expect(s.at(t + 0.75)).toBe(s.at(t));
    }
    expectSameAfterJSON(s);
  });

  it("stops at its floor or its ceiling, and says when", () => {
    const down = step({ from: 1, every: 10, factor: 0.5, to: 0.2 });
    expect([0, 9, 10, 20, 29, 30, 1e15].map((t) => down.at(t))).toEqual([1, 1, 0.5, 0.25, 0.25, 0.2, 0.2]);
    expect(down.then(linear({ steps: 4 })).at(down.steps)).toBe(0.2);
    const up = step({ from: 1, every: 10, factor: 2, to: 5 });
    expect([0, 10, 20, 30, 1e15].map((t) => up.at(t))).toEqual([1, 2, 4, 5, 5]);
    for (const s of [down, up]) {
      expect(s.steps).toBeGreaterThanOrEqual(30);
      expect(s.steps).toBeLessThanOrEqual(40);
    }
  });

  it("ends where nothing changes any more", () => {
    expect(step({ from: 1, every: 10, factor: 0.5 }).steps).toBe(Infinity);
    expect(step({ from: 1, every: 10, factor: 1 }).steps).toBe(0);
    expect(step({ from: 1, every: 10, factor: 0 }).steps).toBe(10);
    expect(step({ from: 0, every: 10, factor: 0.5 }).steps).toBe(0);
    expect(step({ from: 1, every: 10, factor: 0.5, to: 1 }).steps).toBe(0);
  });
});

describe("multiStep", () => {
  it("multiplies at each milestone, and twice where one is there twice", () => {
    const milestones = [0, 5, 5, 20, 100];
    const s = multiStep({ from: 2, milestones, factor: 0.3 });
    expectFormula(s, (t) => milestones.reduce((value, milestone) => (milestone <= t ? value * 0.3 : value), 2), [...firstSteps, ...halves, ...far]);
    expect(s.steps).toBe(100);
    expectSameAfterJSON(s);
  });
  it("without milestones is constant", () => expect(multiStep({ from: 2, milestones: [], factor: 0.3 }).steps).toBe(0));
  it("takes many milestones", () => {
    const s = multiStep({ from: 1, milestones: firstSteps.map((t) => 3 * t), factor: 0.99 });
    expectFormula(s, (t) => Math.exp(Math.log(0.99) * (Math.floor(t / 3) + 1)));
  });
});

describe("cosineRestarts", () => {
  it.each([[1, 60], [2, 60], [3, 59], [2.5, 60], [7, 7], [1, 1]])("%d cycles in %d steps", (cycles, steps) => {
    const s = cosineRestarts({ from: 2, to: 0.5, steps, cycles });
    expectFormula(s, (t) => (t < steps ? falling(2, 0.5, ((cycles * t) % steps) / steps) : 0.5), [...firstSteps, ...halves, ...far]);
    expect(s.steps).toBe(steps);
    expectSameAfterJSON(s);
  });

  it("is back at its start exactly at every restart, for any number of cycles", () => {
    for (let cycles = 1; cycles <= 100; cycles++) {
      const s = cosineRestarts({ from: 1, steps: 3 * cycles, cycles });
      for (let k = 0; k < cycles; k++) expect(s.at(3 * k)).toBe(1);
    }
  });

  it("of 0 steps is its end", () => expect(cosineRestarts({ from: 1, to: 0.1, steps: 0, cycles: 4 }).at(0)).toBe(0.1));
});

describe("warmRestarts", () => {
  it.each([[10, 1], [10, 2], [1, 2], [7, 3], [1, 1], [3, 1000]])("first cycle %d, each %d times as long", (steps, multiply) => {
    const s = warmRestarts({ from: 2, to: 0.5, steps, multiply });
    expectFormula(
      s,
      (t) => {
        let [rest, length] = [t, steps];
        while (rest >= length) {
          rest -= length;
          length *= multiply;
        }
        return falling(2, 0.5, rest / length);
      },
      [...firstSteps, ...halves],
    );
    expectSameAfterJSON(s);
  });

  it("knows the cycle a long way out", () => {
    const s = warmRestarts({ from: 1, steps: 1, multiply: 2 });
    for (let n = 0; n <= 49; n++) expect(s.at(2 ** n - 1)).toBe(1); // cycles start at 0, 1, 3, 7, ...
    expect(s.at(2 ** 49 - 1 + 2 ** 48)).toBe(0.5);
    expect(warmRestarts({ from: 1, steps: 10 }).at(1e15)).toBe(1);
  });
});

describe("cosineWave", () => {
  it.each([[100, 0], [33, 0], [12.5, 0], [40, 7]])("period %d, %d steps in", (period, start) => {
    const s = cosineWave({ from: 2, to: 0.5, period, start });
    expectFormula(s, (t) => 0.5 + 1.5 * Math.cos((Math.PI * (t + start)) / period) ** 2, [...firstSteps, ...halves]);
    expect(s.steps).toBe(Infinity);
    expectSameAfterJSON(s);
  });
  it("is exact at its crests and troughs, however far", () => {
    const s = cosineWave({ from: 0.3, to: 0.1, period: 20 });
    for (const k of [0, 1, 2, 1e6, 1e13]) expect([s.at(20 * k), s.at(20 * k + 10)]).toEqual([0.3, 0.1]);
  });
});

describe("oneCycle", () => {
  it("goes up, and down to its end at the last step", () => {
    const s = oneCycle({ to: 1, steps: 101, rise: 0.5, curve: "linear", from: 0.1, end: 0.01 });
    expectFormula(s, (t) => (t <= 49.5 ? 0.1 + (0.9 * t) / 49.5 : t < 100 ? 1 - (0.99 * (t - 49.5)) / 50.5 : 0.01), [...firstSteps, ...halves, ...far]);
    expect(s.steps).toBe(101);
  });
  it("has three phases: up, down as long, and away", () => {
    const s = oneCycle({ to: 1, steps: 100, rise: 0.4, threePhase: true });
    expect([0, 39, 78, 99, 100].map((t) => s.at(t))).toEqual([1 / 25, 1, 1 / 25, 1 / 25 / 1e4, 1 / 25 / 1e4]);
    expectFormula(s, (t) => (t <= 39 ? falling(1 / 25, 1, t / 39) : t <= 78 ? falling(1, 1 / 25, (t - 39) / 39) : falling(1 / 25, 4e-6, Math.min(1, (t - 78) / 21))));
    expectSameAfterJSON(s);
  });
  it("has a momentum that moves against it, of the same function", () => {
    const [lr, momentum] = [oneCycle({ to: 1, steps: 100 }), oneCycle({ from: 0.95, to: 0.85, end: 0.95, steps: 100 })];
    for (let t = 1; t < 100; t++) expect((momentum.at(t) - momentum.at(t - 1)) * (lr.at(t) - lr.at(t - 1))).toBeLessThan(0);
  });
  it("of one step is its end", () => expect(oneCycle({ to: 1, steps: 1 }).at(0)).toBe(1 / 25 / 1e4));
});

describe("cyclic", () => {
  const triangle = (t: number, up: number, down: number): number => {
    const done = t % (up + down);
    return done <= up ? done / up : 1 - (done - up) / down;
  };
  it.each([[10, 10], [1, 1], [3, 17], [20, 1], [9, 0]])("up %d, down %d", (up, down) => {
    const at = [...firstSteps, ...halves];
    const close = (got: number, want: number): void => expect(Math.abs(got - want)).toBeLessThanOrEqual(1e-12);
    for (const t of at) {
      const height = triangle(t, up, down);
      close(cyclic({ from: 1, to: 3, up, down }).at(t), 1 + 2 * height);
      close(cyclic({ from: 1, to: 3, up, down, mode: "triangular2" }).at(t), 1 + 2 * height * 0.5 ** Math.floor(t / (up + down)));
      close(cyclic({ from: 1, to: 3, up, down, mode: "exp_range", factor: 0.98 }).at(t), 1 + 2 * height * 0.98 ** t);
    }
  });
  it("turns exactly at its ends, however far, and dies away", () => {
    const s = cyclic({ from: 0.3, to: 0.7, up: 3, down: 7 });
    for (const k of [0, 1, 1e6, 1e13]) expect([s.at(10 * k), s.at(10 * k + 3)]).toEqual([0.3, 0.7]);
    for (const mode of ["triangular2", "exp_range"] as const) {
      const fading = cyclic({ from: 0.3, to: 0.7, up: 3, mode, factor: mode === "exp_range" ? 0.9 : undefined });
      expect(fading.at(1e15)).toBe(0.3);
      expectSameAfterJSON(fading);
    }
  });
});

describe("cycles after another schedule", () => {
  it.each([
    step({ every: 3, factor: 0.5 }),
    multiStep({ milestones: [2], factor: 0.5 }),
    cosineRestarts({ steps: 10, cycles: 2 }),
    warmRestarts({ steps: 5 }),
    cosineWave({ period: 8 }),
    cyclic({ to: 2, up: 4 }),
  ])("case %# starts where it ended", (s) => {
    expect(s.isOpen).toBe(true);
    expect(() => s.at(0)).toThrow("from is open, got none; give from, or chain it with .then()");
    const chain = warmup({ steps: 7, to: 0.4 }).then(s);
    expect(chain.at(7)).toBe(0.4);
    expect(chain.at(10)).not.toBe(0.4);
    expectSameAfterJSON(chain);
  });
});

describe("bad options are refused", () => {
  it.each<[() => unknown, string]>([
    [() => step({ from: 1, every: 0, factor: 1 }), "step: every must be a whole number >= 1, got 0"],
    [() => step({ from: 1, every: 2, factor: -1 }), "step: factor must be a finite number >= 0, got -1"],
    [() => step({ from: 1, every: 2, factor: 2 }), "step: a factor above 1 grows past every number, got 2; give to"],
    [() => step({ from: 1, every: 2, factor: 0.5, to: 2 }), "step: to must lie where the value goes, got from 1, to 2 and a value that falls"],
    [() => step({ from: 1, every: 2, factor: 2, to: 0.5 }), "step: to must lie where the value goes, got from 1, to 0.5 and a value that grows"],
    [() => warmup({ steps: 2, to: 1 }).then(step({ every: 2, factor: 0.5, to: 2 })), "step: to must lie where the value goes, got from 1, to 2"],
    [() => step({ from: 1, each: 2 } as never), 'step: unknown option "each"; known options: shape, from, every, factor, to'],
    [() => multiStep({ from: 1, milestones: [3, 2], factor: 1 }), "multiStep: milestones must be in increasing order, got 2 after 3"],
    [() => multiStep({ from: 1, milestones: [0.5], factor: 1 }), "multiStep: milestone 0 must be a whole number >= 0, got 0.5"],
    [() => multiStep({ from: 1, milestones: Array(400).fill(1), factor: 10 }), "multiStep: its values must stay within 1e+300, got up to Infinity"],
    [() => cosineRestarts({ from: 1, steps: 3, cycles: 0 }), "cosineRestarts: cycles must be a finite number > 0"],
    [() => warmRestarts({ from: 1, steps: 0 }), "warmRestarts: steps must be a whole number >= 1, got 0"],
    [() => warmRestarts({ from: 1, steps: 3, multiply: 0.5 }), "warmRestarts: multiply must be a whole number >= 1, got 0.5"],
    [() => cosineWave({ from: 1, period: 0 }), "cosineWave: period must be a finite number > 0, got 0"],
    [() => cosineWave({ from: 1, period: 2, start: -1 }), "cosineWave: start must be a finite number >= 0, got -1"],
    [() => oneCycle({ to: 1, steps: 0 }), "oneCycle: steps must be a whole number >= 1, got 0"],
    [() => oneCycle({ to: 1, steps: 9, rise: 2 }), "oneCycle: rise must be a finite number >= 0 and <= 1, got 2"],
    [() => oneCycle({ to: 1, steps: 9, curve: "cos" as never }), 'oneCycle: unknown curve, got "cos"; use cosine, linear'],
    [() => oneCycle({ to: 1, steps: 9, threePhase: "yes" as never }), 'oneCycle: threePhase must be true or false, got "yes"'],
    [() => cyclic({ from: 0, to: 1, up: 0 }), "cyclic: up must be a whole number >= 1, got 0"],
    [() => cyclic({ from: 0, to: 1, up: 2, down: -1 }), "cyclic: down must be a whole number >= 0, got -1"],
    [() => cyclic({ from: 0, to: 1, up: 2, mode: "exp_range" }), 'cyclic: factor belongs to mode "exp_range", got none for "exp_range"; give factor'],
    [() => cyclic({ from: 0, to: 1, up: 2, factor: 0.5 }), 'cyclic: factor belongs to mode "exp_range", got 0.5 for "triangular"; leave it out'],
    [() => cyclic({ from: 0, to: 1, up: 2, mode: "exp_range", factor: 2 }), "cyclic: factor must be a finite number > 0 and <= 1, got 2"],
    [() => cyclic({ from: 0, to: 1, up: 2, mode: "sine" as never }), 'cyclic: unknown mode, got "sine"'],
  ])("case %#", (make, message) => {
    expect(make).toThrow(UsageError);
    expect(make).toThrow(message);
  });
});
