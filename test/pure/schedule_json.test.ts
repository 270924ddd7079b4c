import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "../../src/errors.js";
import { constant, cosine, exponential, fromJSON, lambda, linear, piecewise, Schedule, warmup } from "../../src/schedule/index.js";
import { anySchedule, askedSteps } from "../support/schedules.js";

const one = { shape: "constant", value: 1 };

function nested(depth: number, wrap: (of: unknown) => unknown): unknown {
  let data: unknown = one;
  for (let i = 0; i < depth; i++) data = wrap(data);
  return data;
}

describe("toJSON", () => {
  it("is plain data that cannot change the schedule", () => {
    const s = warmup({ steps: 10, to: 1, oscillation: { amplitude: 0.5, period: 4 } }).then(linear({ steps: 10 }));
    const data = s.toJSON() as unknown as { parts: { to: number; oscillation: { amplitude: number } }[]; at: number[] };
    const before = s.at(5);
    data.parts[0]!.to = 5;
    data.parts[0]!.oscillation.amplitude = 0;
    data.at[0] = 1;
    data.parts.pop();
    expect(s.at(5)).toBe(before);
    expect(s.at(15)).toBe(0.5);
  });

  it("is not changed by what it was made of", () => {
    const [points, given] = [[[0, 1], [10, 2]] as [number, number][], { steps: 10, to: 1, oscillation: { amplitude: 0.5, period: 4 } }];
    const [table, ramp] = [piecewise(points), warmup(given)];
    const before = [table.at(5), ramp.at(5)];
    points[0]![1] = 100;
    given.oscillation.amplitude = 0;
    expect([table.at(5), ramp.at(5)]).toEqual(before);
  });

  it("has no -0 and nothing that JSON drops", () => {
    const swing = warmup({ steps: 3, to: 1, oscillation: { amplitude: -0, period: 3 } });
    expect(JSON.parse(JSON.stringify(swing))).toEqual(swing.toJSON());
    const s = piecewise([[0, -0], [3, 1]]).then(linear({ from: -0, to: undefined, steps: 3 }));
    expect(JSON.parse(JSON.stringify(s))).toEqual(s.toJSON());
    expect(s.toJSON()).toEqual({ shape: "sequence", parts: [{ shape: "piecewise", points: [[0, 0], [3, 1]], interpolation: "linear" }, { shape: "linear", from: 0, to: 0, steps: 3 }], at: [3] });
  });

  it("of a user's own function says what to do instead, wherever it is nested", () => {
    const own = lambda((t) => t);
    for (const s of [own, own.scale(2), warmup({ steps: 3, to: 1 }).then(own), constant(2).times(own.delay(3).clamp({ min: 0 }))]) {
      expect(() => s.toJSON()).toThrow(UsageError);
      expect(() => JSON.stringify({ lr: s })).toThrow("toJSON: a function of your own cannot be saved, got a schedule with a lambda in it; build it of the catalogue's shapes");
    }
  });
});

describe("fromJSON", () => {
  it.each([
    [{ shape: "spiral" }, 'schedule.fromJSON: unknown shape, got "spiral"; known shapes: constant, warmup'],
    [{ shape: "__proto__" }, 'schedule.fromJSON: unknown shape, got "__proto__"'],
    [{ shape: { toString: 1 } }, "schedule.fromJSON: unknown shape, got a value of type object"],
    [{ shape: 10n }, "schedule.fromJSON: unknown shape, got 10"],
    [{}, "schedule.fromJSON: unknown shape, got none"],
    [null, "schedule.fromJSON: unknown shape, got null; needs plain data such as toJSON() gives"],
    [undefined, "schedule.fromJSON: unknown shape, got none; needs plain data"],
    [3, "schedule.fromJSON: unknown shape, got 3; needs plain data"],
    ['{"shape":"constant","value":1}', "schedule.fromJSON: unknown shape, got"],
    [[one], "schedule.fromJSON: unknown shape, got an array; needs plain data"],
    [constant(1), "schedule.fromJSON: unknown shape, got a value of type object; needs plain data"],
    [Object.create(one), "schedule.fromJSON: unknown shape"],
    [{ ...one, steps: null }, "constant: steps must be a whole number >= 0, got null"],
    [{ ...one, extra: 1 }, 'constant: unknown option "extra"'],
    [JSON.parse('{"shape":"constant","value":1,"__proto__":{"steps":1}}'), 'constant: unknown option "__proto__"'],
    [JSON.parse('{"__proto__":{"shape":"constant","value":1}}'), "schedule.fromJSON: unknown shape, got none"],
    [{ shape: "cosine", from: "1", steps: 3 }, 'cosine: from must be a finite number, got "1"'],
    [{ shape: "cosine", from: { toString: 1, valueOf: 1 }, steps: 3 }, "cosine: from must be a finite number, got an object"],
    [{ shape: "cosine", from: nested(1e5, (of) => [of]), steps: 3 }, "cosine: from must be a finite number, got an array"],
    [{ shape: "constant", value: Infinity }, "constant: value must be a finite number, got Infinity"],
    [{ shape: "warmup", steps: 3, to: 1, convention: ["llmc"] }, "warmup: unknown convention, got an array"],
    [{ shape: "warmup", steps: 3, to: 1, oscillation: 3 }, "warmup: oscillation: options must be an object, got 3"],
    [{ shape: "warmup", steps: 3, to: 1, oscillation: { amplitude: 1, period: 2, x: 1 } }, 'warmup: oscillation: unknown option "x"'],
    [{ shape: "sequence", parts: [one, 3], at: [1] }, "then: unknown shape, got 3"],
    [{ shape: "sequence", parts: [], at: [] }, "then: a sequence needs parts, got none"],
    [{ shape: "sequence", parts: { length: 2 }, at: [1] }, "then: a sequence needs parts, got none"],
    [{ shape: "sequence", parts: [one, one], at: [] }, "then: a sequence of 2 parts needs 1 steps to switch at, got 0"],
    [{ shape: "sequence", parts: [one, one], at: [Infinity] }, "then: at must be a whole number >= 0, got Infinity"],
    [{ shape: "sequence", parts: [one, one] }, "then: a sequence of 2 parts needs 1 steps to switch at, got none"],
    [{ shape: "product", factors: "ab" }, "times: a product needs factors, got none"],
    [{ shape: "scale", by: 2 }, "scale: unknown shape, got none"],
    [{ shape: "piecewise", points: 3 }, "piecewise: needs points, got none"],
    [{ shape: "piecewise", points: [3] }, "piecewise: point 0 must be [step, value], got number"],
    [{ shape: "lambda" }, "lambda: needs a function of the step, got none; saved data cannot hold one"],
    [{ shape: "lambda", fn: "t => t" }, 'lambda: needs a function of the step, got "t => t"'],
  ])("refuses case %#", (data, message) => {
    expect(() => fromJSON(data)).toThrow(UsageError);
    expect(() => fromJSON(data)).toThrow(message);
  });

  it.each([
    ["scale", (of: unknown) => ({ shape: "scale", of, by: 1 })],
    ["delay", (of: unknown) => ({ shape: "delay", of, steps: 1 })],
    ["clamp", (of: unknown) => ({ shape: "clamp", of, min: 0 })],
    ["product", (of: unknown) => ({ shape: "product", factors: [of] })],
    ["sequence", (of: unknown) => ({ shape: "sequence", parts: [of], at: [] })],
  ])("refuses %s nested too deep, with a clear error and no stack overflow", (_name, wrap) => {
    for (const depth of [256, 100_000]) {
      expect(() => fromJSON(nested(depth, wrap))).toThrow(UsageError);
      expect(() => fromJSON(nested(depth, wrap))).toThrow("schedules may be nested 256 deep, got more");
    }
    expect(fromJSON(nested(255, wrap)).at(1000)).toBe(1);
    expect(fromJSON(JSON.parse(JSON.stringify(fromJSON(nested(255, wrap))))).at(1000)).toBe(1);
    expect(fromJSON(one).at(0)).toBe(1); // the count of the refused ones is not left over
  });

  it("takes a long flat chain", () => {
    const parts = Array.from({ length: 50_000 }, (_, i) => ({ shape: "constant", value: i }));
    const s = fromJSON({ shape: "sequence", parts, at: parts.slice(1).map((_, i) => 2 * (i + 1)) });
    for (const i of [0, 1, 2, 777, 49_999]) expect([s.at(2 * i), s.at(2 * i + 1)]).toEqual([i, i]);
  });

  it("gives a schedule with finite values or throws UsageError, whatever it is given", () => {
    const check = (data: unknown): void => {
      try {
        const s = fromJSON(data);
        if (s.isOpen) return;
        for (const t of askedSteps(s)) expect(Number.isFinite(s.at(t))).toBe(true);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
      }
    };
    fc.assert(fc.property(fc.jsonValue(), check));
    // A good description with one entry anywhere replaced.
    fc.assert(
      fc.property(anySchedule, fc.nat(), fc.oneof(fc.jsonValue(), fc.double(), fc.integer()), (s, at, replacement) => {
        const data = JSON.parse(JSON.stringify(s)) as Record<string, unknown>;
        const places: [Record<string, unknown>, string][] = [];
        const visit = (node: unknown): void => {
          if (typeof node !== "object" || node === null) return;
          for (const key of Object.keys(node)) {
            places.push([node as Record<string, unknown>, key]);
            visit((node as Record<string, unknown>)[key]);
          }
        };
        visit(data);
        const [node, key] = places[at % places.length]!;
        node[key] = replacement;
        check(data);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("extreme numbers survive JSON", () => {
  it.each<[string, Schedule]>([
    ["a tiny rate", constant(Number.MIN_VALUE)],
    ["a large one", linear({ from: 1e300, to: -1e300, steps: 7 })],
    ["a long one", cosine({ from: 1, steps: 2 ** 53 - 1 })],
    ["a long half-life", exponential({ from: 1, halfLife: 1e300 })],
    ["a factor next to 1", exponential({ from: 1, factor: 1 - 2 ** -53 })],
  ])("%s", (_name, s) => {
    const back = fromJSON(JSON.parse(JSON.stringify(s)));
    for (const t of [...askedSteps(s), 3, 2 ** 53]) {
      expect(back.at(t)).toBe(s.at(t));
      expect(Number.isFinite(s.at(t))).toBe(true);
    }
  });
});
