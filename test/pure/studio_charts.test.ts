import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shortNumber } from "../../src/studio/charts/chart_specs.js";
import { clippedFlag, lowerBound, nearestIndex, RunColumns, skippedFlag } from "../../src/studio/charts/columns.js";
import { columnEdges, decimate, isRough, merge, spreadMarks } from "../../src/studio/charts/decimate.js";
import { pictureSvg } from "../../src/studio/charts/export.js";
import type { Picture } from "../../src/studio/charts/picture.js";
import { assignSlots, lookOfSlot } from "../../src/studio/charts/run_look.js";
import { Smoother } from "../../src/studio/charts/smoothing.js";
import { linearTicks, logTicks, tickText } from "../../src/studio/charts/ticks.js";
import type { StepRow } from "../../src/studio/protocol.js";

const row = (step: number, more: Partial<StepRow> = {}): StepRow => ({ step, loss: step, lr: 0.1, gradNorm: 1, clipped: false, skipped: false, lossScale: 1, tokensPerSecond: 10, seconds: step / 10, ...more });
const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 });

describe("smoothing", () => {
  it("is the weighted mean of all values so far, with weights b^age", () =>
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 0.999, noNaN: true }), (values, b) => {
        const smoother = new Smoother(b);
        const got = values.map((value) => smoother.next(value)).at(-1)!;
        let [sum, weight] = [0, 0];
        for (const [i, value] of values.entries()) {
          const w = b ** (values.length - 1 - i);
          sum += w * value;
          weight += w;
        }
        expect(got).toBeCloseTo(sum / weight, 5);
      }),
    ));

  it("shows the first value and a constant as they are, and passes over what is no number", () => {
    const smoother = new Smoother(0.9);
    expect(smoother.next(4)).toBeCloseTo(4, 12);
    expect(smoother.next(NaN)).toBeNaN();
    expect(smoother.next(4)).toBeCloseTo(4, 12);
    const none = new Smoother(0);
    expect([3, 7, 5].map((value) => none.next(value))).toEqual([3, 7, 5]);
  });
});

describe("columns of a run", () => {
  const empty = { validations: [], sharpness: [] };

  it("grow with the log, and keep unknown values as gaps", () => {
    const columns = new RunColumns(0);
    const steps = Array.from({ length: 1000 }, (_, i) => row(i + 1));
    columns.update({ ...empty, steps: steps.slice(0, 10) }, 0);
    steps[20] = row(21, { gradNorm: NaN, skipped: true, tokensPerSecond: 0, clipped: true });
    columns.update({ ...empty, steps }, 0);
    expect([...columns.steps.step.values]).toEqual(steps.map(({ step }) => step));
    expect(columns.steps.gradNorm.values[20]).toBeNaN();
    expect(columns.steps.tokensPerSecond.values[20]).toBeNaN();
    expect(columns.steps.flags.values[20]).toBe(clippedFlag | skippedFlag);
  });

  it("follow a log that was rewound and went on", () => {
    const columns = new RunColumns(0.5);
    const steps = Array.from({ length: 10 }, (_, i) => row(i + 1));
    columns.update({ ...empty, steps }, 0.5);
    const again = [...steps.slice(0, 4), ...Array.from({ length: 8 }, (_, i) => row(i + 5, { loss: 100 }))];
    columns.update({ ...empty, steps: again }, 0.5);
    expect([...columns.steps.loss.values]).toEqual(again.map(({ loss }) => loss));
    columns.update({ ...empty, steps: [] }, 0.5);
    expect(columns.steps.step.length).toBe(0);
  });

  it("smooth anew where the amount changes", () => {
    const columns = new RunColumns(0);
    const steps = [row(1, { loss: 1 }), row(2, { loss: 3 })];
    columns.update({ ...empty, steps }, 0);
    expect([...columns.steps.smooth.values]).toEqual([1, 3]);
    columns.update({ ...empty, steps }, 0.5);
    expect(columns.steps.smooth.values[1]).toBeCloseTo((0.5 * 1 + 3) / 1.5, 12);
  });

  it("turn the edge of stability into a sharpness: 2 / rate for gradient descent", () => {
    const columns = new RunColumns(0);
    columns.update({ steps: [row(1, { lr: 0.02 }), row(2, { lr: 0.01 })], validations: [], sharpness: [{ step: 2, sharpness: 50, threshold: 2 / 50 }] }, 0);
    expect(columns.sharpness.edge.values[0]).toBeCloseTo(2 / 0.01, 9);
  });
});

describe("looking things up", () => {
  it("finds the first that is not below, and the nearest", () =>
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 30 }), fc.integer({ min: -5, max: 105 }), (unsorted, x) => {
        const values = [...unsorted].sort((a, b) => a - b);
        const above = values.findIndex((value) => value >= x);
        expect(lowerBound(values, x)).toBe(above < 0 ? values.length : above);
        const nearest = nearestIndex(values, x);
        if (values.length === 0) expect(nearest).toBe(-1);
        else expect(Math.abs(values[nearest]! - x)).toBe(Math.min(...values.map((value) => Math.abs(value - x))));
      }),
    ));
});

describe("decimation", () => {
  const curve = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 3000 });

  it("keeps the lowest and the highest of what is shown, in few points that rise in x", () =>
    fc.assert(
      fc.property(curve, fc.integer({ min: 5, max: 60 }), (values, columns) => {
        const x = Float64Array.from(values, (_, i) => i);
        const edges = columnEdges(0, Math.max(1, values.length - 1), columns, false);
        const points = decimate(x, Float64Array.from(values), edges);
        const shown = points.y.filter((value) => value !== null);
        expect(Math.min(...shown)).toBe(Math.min(...values));
        expect(Math.max(...shown)).toBe(Math.max(...values));
        expect(points.x.length).toBeLessThanOrEqual(2 * columns + 3);
        expect(points.x.every((at, i) => i === 0 || at > points.x[i - 1]!)).toBe(true);
      }),
    ));

  it("leaves a curve of few points as it is, with one on each side of the range", () => {
    const x = Float64Array.from([1, 2, 3, 4, 5, 6]);
    expect(decimate(x, x, columnEdges(2.5, 4.5, 10, false))).toEqual({ x: [2, 3, 4, 5, 6], y: [2, 3, 4, 5, 6] });
    expect(decimate(x, Float64Array.from([1, NaN, 3, 4, 5, 6]), columnEdges(1, 6, 10, false)).y[1]).toBeNull();
  });

  it("shows no zero on a log axis, and keeps a column of gaps a gap", () => {
    const x = Float64Array.from({ length: 100 }, (_, i) => i);
    const y = Float64Array.from(x, (value) => (value >= 40 && value < 60 ? 0 : 1));
    const { x: places, y: shown } = decimate(x, y, columnEdges(0, 99, 10, false), true);
    expect(shown.every((value) => value === null || value > 0)).toBe(true);
    expect(places.some((at, i) => at >= 40 && at < 60 && shown[i] === null)).toBe(true);
  });

  it("a log axis has columns of equal ratios", () => {
    const edges = columnEdges(1, 1000, 3, true);
    expect([...edges].map((edge) => Math.round(edge))).toEqual([1, 10, 100, 1000]);
  });

  it("merged curves have every point once, at its own place", () =>
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(fc.integer({ min: 0, max: 50 }), { maxLength: 20 }), { minLength: 1, maxLength: 4 }), (places) => {
        const curves = places.map((list, k) => {
          const x = [...list].sort((a, b) => a - b);
          return { x, y: x.map((at) => (at % 7 === 0 ? null : at + 100 * k)) };
        });
        const [x, ...columns] = merge(curves);
        expect(x).toEqual([...new Set(places.flat())].sort((a, b) => a - b));
        curves.forEach((curve, k) => {
          expect(columns[k]!.map((value, i) => ({ at: x[i]!, value })).filter(({ value }) => value !== undefined)).toEqual(curve.x.map((at, i) => ({ at, value: curve.y[i] })));
        });
      }),
    ));

  it("one mark at most in a column, and one for each column that has marked rows", () => {
    const x = Float64Array.from({ length: 1000 }, (_, i) => i + 1);
    expect(spreadMarks(x, () => true, columnEdges(1, 1000, 10, false))).toHaveLength(10);
    expect(spreadMarks(x, (i) => i === 999, columnEdges(1, 1000, 10, false))).toEqual([999]);
    expect(spreadMarks(x, (i) => i === 4, columnEdges(100, 1000, 10, false))).toEqual([]);
  });

  it("dashes are for lines, not for noise", () => {
    const x = Array.from({ length: 500 }, (_, i) => i);
    expect(isRough({ x, y: x.map((i) => Math.exp(-i / 100)) })).toBe(false);
    expect(isRough({ x, y: x.map((i) => i % 2) })).toBe(true);
  });
});

describe("the look of runs", () => {
  it("a run keeps its slot while it is drawn, and a new one takes the lowest free", () => {
    const first = assignSlots(new Map(), ["a", "b", "c"]);
    expect([...first]).toEqual([["a", 0], ["b", 1], ["c", 2]]);
    const next = assignSlots(first, ["c", "d", "b"]);
    expect(Object.fromEntries(next)).toEqual({ b: 1, c: 2, d: 0 });
  });

  it("nine runs differ in their dashes alone, and forty in colour and dash together", () => {
    const dashes = Array.from({ length: 9 }, (_, slot) => lookOfSlot(slot).dash.join());
    expect(new Set(dashes).size).toBe(9);
    const looks = Array.from({ length: 40 }, (_, slot) => `${lookOfSlot(slot).color} ${lookOfSlot(slot).dash.join()}`);
    expect(new Set(looks).size).toBe(40);
  });
});

describe("ticks", () => {
  it("are round, inside and few", () =>
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (min, span) => {
        const ticks = linearTicks(min, min + span, 5);
        expect(ticks.length).toBeLessThanOrEqual(7);
        expect(ticks.length).toBeGreaterThanOrEqual(1);
        for (const tick of ticks) expect(tick).toBeGreaterThanOrEqual(min - 1e-6 * span - 1e-9 * Math.abs(min));
      }),
    ));

  it("on a log axis are powers of ten, or 1, 2 and 5 times them", () => {
    expect(logTicks(1e-3, 1)).toEqual([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]);
    expect(logTicks(1e-6, 1e2).every((tick) => Number.isInteger(Math.round(Math.log10(tick) * 1e9) / 1e9))).toBe(true);
    expect(logTicks(3.1, 3.4).length).toBeGreaterThanOrEqual(2);
    expect(logTicks(1e-300, 1e300).length).toBeLessThan(12);
  });

  it("are written short", () => {
    expect([0, 0.3, 1e-5, 2e7, 1234].map(tickText)).toEqual(["0", "0.3", "1e-5", "2e7", "1234"]);
    expect([null, NaN, 0, 1.23456, 1e-5].map(shortNumber)).toEqual(["none", "none", "0", "1.235", "1.00e-5"]);
  });
});

describe("a picture as SVG", () => {
  const colors = { background: "#fff", text: "#000", muted: "#555", grid: "#ddd" };
  const picture: Picture = {
    title: "Loss <of> \"runs\" & more", xLabel: "steps", yLabel: "nats", xLog: false, yLog: true,
    lines: [{ label: "a & b", x: [0, 1, 2, 3], y: [1, null, 10, 100], color: "#0072b2", dash: [4, 2], width: 2, points: true }],
    marks: [{ kind: "clipped", x: 2, y: 10, color: "#c00" }, { kind: "skipped", x: 1, y: null, color: "#c00" }],
  };

  it("escapes names, breaks lines at gaps, and keeps dashes", () => {
    const svg = pictureSvg(picture, colors);
    expect(svg).toContain("Loss &#60;of&#62; &#34;runs&#34; &#38; more");
    expect(svg).not.toMatch(/<of>|& /);
    expect(svg).toContain('stroke-dasharray="4 2"');
    // One point, a gap, then a line of two.
    expect(svg).toMatch(/d="M[\d. ]+M[\d. ]+L[\d. ]+" fill="none" stroke="#0072b2"/);
    expect(svg.match(/<circle/g)!.length).toBe(3 + 1);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it("puts equal ratios equally far apart on a log axis", () => {
    const svg = pictureSvg({ ...picture, marks: [] }, colors);
    const [, first, second, third] = /d="M[\d.]+ ([\d.]+)M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)" fill="none" stroke="#0072b2"/.exec(svg)!.map(Number);
    expect(first! - second!).toBeCloseTo(second! - third!, 1);
  });

  it("holds without a point, and with a flat line", () => {
    for (const y of [[], [5, 5]]) {
      const svg = pictureSvg({ ...picture, marks: [], lines: [{ ...picture.lines[0]!, x: y.map((_, i) => i), y }] }, colors);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    }
  });
});
