import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cosine, constant, exponential, linear, oscillation, piecewise, Schedule, warmup, type Description } from "../../src/schedule/index.js";
import { families, familyOf, fieldText, optionOf, oscillationFamily, parseField, withOption } from "../../src/studio/schedule_editor/families.js";
import { drawn, mostPoints, type Point } from "../../src/studio/schedule_editor/freehand.js";
import { beforeModifiers, handlesOf, throughModifiers, type Handle } from "../../src/studio/schedule_editor/handles.js";
import { withBase, withoutPart, withoutPoint, withPart, withPoint } from "../../src/studio/schedule_editor/part_edits.js";
import { closedBases, piecesOf, piecesText, scheduleOfPieces, startsOf } from "../../src/studio/schedule_editor/pieces.js";
import { heightOf, rangeOf, rateAt, stepAt, xOf, yOf } from "../../src/studio/schedule_editor/plot_scale.js";
import { stabilityOf } from "../../src/studio/schedule_editor/stability.js";
import { stretched } from "../../src/studio/schedule_editor/stretch.js";
import { schedulePresets } from "../../src/recipe/schedule_presets.js";

const place = { peak: 0.008, left: 600, first: true };
/** Every family of the editor, as it is made new. */
const made = families.map((family) => ({ family, base: new Schedule(family.create(place)).toDescription() }));
const handlesNow = (description: Description) => handlesOf(description, description, 600);
const find = (handles: readonly Handle[], id: string) => handles.find((handle) => handle.id === id)!;

describe("the families of the editor", () => {
  it("are all of the catalogue's that text can say, but what only joins others", () => {
    expect(families.map(({ shape }) => shape).sort()).toEqual([
      "constant", "cosine", "cosineRestarts", "cosineWave", "cyclic", "exponential", "inverseSqrt", "inverseTime", "linear", "multiStep",
      "noam", "oneCycle", "piecewise", "polynomial", "powerLaw", "step", "warmRestarts", "warmup", "warmupStableDecay",
    ]);
  });

  it("are made valid, at the peak asked for, as the first part and as a later one", () => {
    for (const { shape, create } of families) {
      const alone = new Schedule(create(place));
      const highest = Math.max(...Array.from({ length: 600 }, (_, t) => alone.at(t)));
      expect(highest, shape).toBeGreaterThan(0.008 * 0.95);
      expect(highest, shape).toBeLessThan(0.008 * 1.05);
      expect(warmup({ steps: 10, to: 0.008 }).then(new Schedule(create({ ...place, first: false }))).isOpen, shape).toBe(false);
    }
  });

  it("have a field for every option of their shape, which takes what it shows", () => {
    for (const { family, base } of [...made, { family: oscillationFamily, base: new Schedule(oscillationFamily.create(place)).toDescription() }]) {
      const options = Object.keys(base).filter((name) => name !== "shape" && name !== "oscillation");
      expect(family.fields.map(({ name }) => name), family.shape).toEqual(expect.arrayContaining(options));
      for (const field of family.fields) {
        const value = optionOf(base, field.name);
        if (value === undefined && field.optional === undefined) continue;
        expect(parseField(field, fieldText(field, value)), `${family.shape} ${field.name}`).toEqual(value);
      }
    }
  });

  it("refuse what is no number, and leave the rest to the schedule", () => {
    const [steps] = familyOf("warmup")!.fields;
    expect(() => parseField(steps!, "ten")).toThrow('steps: needs a number, got "ten"');
    expect(() => parseField(familyOf("piecewise")!.fields[0]!, "0: 1, 5")).toThrow("needs step: rate");
    expect(parseField(familyOf("multiStep")!.fields[1]!, " 3, 5 ")).toEqual([3, 5]);
  });

  it("half-life and factor exclude each other, and so do modes and factors of triangles", () => {
    const fall = exponential({ from: 1, halfLife: 10 }).toDescription();
    expect(new Schedule(withOption(fall, "factor", 0.9)).at(1)).toBeCloseTo(0.9, 12);
    const cycles = new Schedule(families.find(({ shape }) => shape === "cyclic")!.create(place)).toDescription();
    const ranged = withOption(cycles, "mode", "exp_range");
    expect(new Schedule(ranged).at(5)).toBeGreaterThan(0);
    expect(() => new Schedule(withOption(ranged, "mode", "triangular"))).not.toThrow();
  });
});

describe("handles", () => {
  it("every family has some, at places that the schedule has them", () => {
    for (const { family, base } of made) expect(handlesNow(base).length, family.shape).toBeGreaterThan(0);
  });

  it("dragged to where they are, they change no value", () => {
    for (const { family, base } of made) {
      const schedule = new Schedule(base);
      for (const handle of handlesNow(base)) {
        const same = new Schedule(handle.drag(handle.t, handle.value));
        // Places between two steps are rounded to one of them.
        const near = Number.isInteger(handle.t) ? 1e-9 : 0.02;
        for (let t = 0; t < 600; t += 7) expect(Math.abs(same.at(t) - schedule.at(t)), `${family.shape} ${handle.id} at ${t}`).toBeLessThanOrEqual(near * 0.008);
      }
    }
  });

  it("dragged elsewhere, they are there", () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.double({ min: 1e-5, max: 0.02, noNaN: true }), (t, value) => {
        for (const { family, base } of made) {
          for (const handle of handlesNow(base)) {
            let moved: Schedule;
            try {
              moved = new Schedule(handle.drag(t, value));
            } catch {
              // What no schedule can be is refused, as the editor does.
              continue;
            }
            const now = find(handlesNow(moved.toDescription()), handle.id);
            const bound = ["piecewise", "multiStep", "warmupStableDecay", "cyclic"].includes(family.shape) ? null : t;
            if (handle.moves !== "rate" && bound !== null && !(family.shape === "oneCycle" && handle.id === "peak")) expect(now.t, `${family.shape} ${handle.id}`).toBeCloseTo(bound, 6);
            if (handle.moves !== "steps") expect(now.value, `${family.shape} ${handle.id}`).toBeCloseTo(value, 9);
          }
        }
      }),
      { numRuns: 50 },
    ));

  it("the peak moves the start of what follows, which has no start of its own", () => {
    const pieces = piecesOf(warmup({ steps: 60, to: 0.008 }).then(cosine({ steps: 540 })));
    const [ramp, fall] = closedBases(pieces);
    expect(handlesOf(pieces.parts[1]!.base, fall!, 540).map(({ id }) => id)).toEqual(["end"]);
    const higher = withBase(pieces, 0, find(handlesOf(pieces.parts[0]!.base, ramp!, 60), "peak").drag(100, 0.01));
    const schedule = scheduleOfPieces(higher);
    expect(schedule.at(100)).toBe(0.01);
    // It still ends where the run ends.
    expect(schedule.steps).toBe(600);
    expect(schedule.at(600)).toBe(0);
  });

  it("points of a table stay between their neighbours", () => {
    const table = piecewise([[0, 1], [10, 2], [20, 1]]).toDescription();
    const middle = find(handlesNow(table), "point 2");
    expect(middle.drag(50, 3)).toMatchObject({ points: [[0, 1], [19, 3], [20, 1]] });
    expect(middle.drag(0, 3)).toMatchObject({ points: [[0, 1], [1, 3], [20, 1]] });
  });

  it("lie on the curve, also where it is multiplied and delayed", () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.double({ min: 1e-4, max: 1, noNaN: true }), (t, value) => {
        const modifiers = [{ kind: "times" as const, by: oscillation({ amplitude: 0.5, period: 30 }).toDescription() }, { kind: "scale" as const, by: 0.25 }, { kind: "delay" as const, steps: 40 }, { kind: "clamp" as const, min: 0 }];
        const [shownAt, shown] = throughModifiers(modifiers, t, value);
        expect(shownAt).toBe(t + 40);
        expect(constant(value).times(oscillation({ amplitude: 0.5, period: 30 })).scale(0.25).delay(40).at(t + 40)).toBeCloseTo(shown, 12);
        const [back, rate] = beforeModifiers(modifiers, shownAt, shown);
        expect(back).toBe(t);
        expect(rate).toBeCloseTo(value, 9);
      }),
    ));
});

describe("parts", () => {
  const pieces = piecesOf(warmup({ steps: 60, to: 0.008 }).then(cosine({ steps: 540 })));

  it("one more comes after the last, or in what a part without an end still has", () => {
    expect(startsOf(withPart(piecesOf(warmup({ steps: 60, to: 1 })), linear({ steps: 100 }).toDescription(), 600))).toEqual([0, 60]);
    const cut = withPart(piecesOf(constant(1)), linear({ steps: 1000 }).toDescription(), 600);
    expect(startsOf(cut)).toEqual([0, 300]);
    expect(scheduleOfPieces(cut).at(600)).toBe(0);
  });

  it("what becomes the first gets a start", () => {
    const fall = scheduleOfPieces(withoutPart(pieces, 0, 0.008));
    expect([fall.at(0), fall.steps]).toEqual([0.008, 540]);
    expect(piecesText(withoutPart(pieces, 1, 0.008))).toBe("warmup({ steps: 60, to: 0.008 })");
  });

  it("points of a table come and go", () => {
    const table = piecewise([[0, 0], [10, 1], [11, 0]]).toDescription() as Extract<Description, { shape: "piecewise" }>;
    expect(withPoint(table)).toMatchObject({ points: [[0, 0], [5, 0.5], [10, 1], [11, 0]] });
    expect(withPoint({ shape: "piecewise", points: [[3, 1]] })).toMatchObject({ points: [[3, 1], [4, 1]] });
    expect(withoutPoint(table, 1)).toMatchObject({ points: [[0, 0], [11, 0]] });
  });
});

describe("drawing by hand", () => {
  const height = (rate: number) => rate / 0.01;

  it("has the rates that were drawn, within what the eye sees, in few points", () => {
    const stroke: Point[] = Array.from({ length: 300 }, (_, i) => [i * 2, 0.005 + 0.004 * Math.sin(i / 40)]);
    const table = drawn(null, stroke, 600, height);
    const schedule = new Schedule(table);
    expect((table as Extract<Description, { shape: "piecewise" }>).points.length).toBeLessThanOrEqual(mostPoints);
    for (const [t, rate] of stroke) expect(Math.abs(schedule.at(t) - rate)).toBeLessThan(0.02 * 0.01);
  });

  it("changes nothing but where it was drawn", () => {
    const before = warmup({ steps: 60, to: 0.008 }).then(linear({ steps: 540 }));
    const schedule = new Schedule(drawn(before, [[200, 0.002], [300, 0.002]], 600, height));
    expect(schedule.at(250)).toBeCloseTo(0.002, 6);
    for (const t of [0, 30, 60, 120, 400, 600]) expect(Math.abs(schedule.at(t) - before.at(t))).toBeLessThan(0.02 * 0.01);
  });

  it("what was drawn last counts where the hand went back, and every stroke makes a schedule", () => {
    const back = new Schedule(drawn(null, [[0, 1], [100, 1], [50, 0.5], [100, 0.25]], 100, (rate) => rate));
    expect(back.at(75)).toBeLessThan(0.5);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.double({ min: -10, max: 700, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true })), { minLength: 1, maxLength: 60 }), (stroke) => {
        const schedule = new Schedule(drawn(constant(0.1), stroke, 600, (rate) => rate));
        expect(schedule.at(0)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe("the plot's scale", () => {
  it("goes there and back", () =>
    fc.assert(
      fc.property(fc.boolean(), fc.double({ min: 1e-4, max: 0.009, noNaN: true }), fc.double({ min: 0, max: 600, noNaN: true }), (log, rate, t) => {
        const scale = { width: 500, height: 200, steps: 600, log, ...rangeOf([0.008, 1e-5], log) };
        expect(rateAt(scale, yOf(scale, rate))).toBeCloseTo(rate, 9);
        expect(stepAt(scale, xOf(scale, t))).toBeCloseTo(t, 6);
        expect(heightOf(scale, 0)).toBeLessThanOrEqual(0);
      }),
    ));

  it("leaves room above the peak, and holds for rates of 0", () => {
    expect(rangeOf([0.008], false).top).toBeGreaterThan(0.008);
    for (const log of [false, true]) expect(rangeOf([0, 0], log).top).toBeGreaterThan(rangeOf([0, 0], log).bottom);
  });
});

describe("stability against measured sharpness", () => {
  const row = (step: number, threshold: number) => ({ step, sharpness: 2 / threshold, threshold });

  it("is judged where the rate comes nearest to the edge", () => {
    const schedule = warmup({ steps: 10, to: 0.01 }).then(linear({ steps: 90 }));
    expect(stabilityOf(schedule, [row(10, 0.02), row(55, 0.006)])).toEqual({ verdict: "inside", step: 55, rate: 0.005, edge: 0.006, share: 0.005 / 0.006 });
    expect(stabilityOf(schedule, [row(10, 0.0095)])!.verdict).toBe("at");
    expect(stabilityOf(schedule, [row(10, 0.005)])!.verdict).toBe("past");
  });

  it("is not told without a measurement that has an edge", () => {
    expect(stabilityOf(constant(1), [])).toBeNull();
    expect(stabilityOf(constant(1), [row(1, Infinity), { step: 2, sharpness: -1, threshold: NaN }])).toBeNull();
  });
});

describe("known schedules fitted to another run", () => {
  it("keep their shape: the same shares of the peak at the same shares of the run", () => {
    for (const [name, { schedule, steps }] of Object.entries(schedulePresets)) {
      const fitted = stretched(schedule.toDescription(), 10_000 / steps, 3);
      for (const share of [0.05, 0.2, 0.33, 0.6, 0.9]) {
        const [wanted, got] = [3 * schedule.at(Math.round(share * steps)), fitted.at(Math.round(share * 10_000))];
        // Of the peak: what the first step of a warmup gets depends on its length.
        const peak = 3 * Math.max(schedule.at(0), ...[0.01, 0.02, 0.05, 0.1, 0.3].map((part) => schedule.at(Math.round(part * steps))));
        expect(Math.abs(got - wanted) / peak, `${name} at ${share}`).toBeLessThan(0.02);
      }
    }
  });

  it("have whole steps, also in a run much shorter", () => {
    for (const [name, { schedule, steps }] of Object.entries(schedulePresets)) {
      const fitted = stretched(schedule.toDescription(), 20 / steps, 1);
      expect(Number.isFinite(fitted.at(10)), name).toBe(true);
    }
    for (const { base } of made) expect(() => stretched(base, 0.013, 2)).not.toThrow();
  });
});
