// Schedules written as text: what is read, and what cannot be reached.
import { describe, expect, it } from "vitest";
import { parseSchedule } from "../../src/recipe/schedule_expression.js";
import { schedulePresets } from "../../src/recipe/schedule_presets.js";
import { UsageError } from "../../src/errors.js";
import { constant, cosine, getScheduler, linear, OneCycleLR, piecewise, StepLR, warmup, type Schedule } from "../../src/schedule/index.js";

const same = (got: Schedule, want: Schedule) => {
  for (let t = 0; t < 300; t += 7) expect(got.at(t)).toBe(want.at(t));
};

describe("an expression", () => {
  it.each<[string, Schedule]>([
    ["1e-3", constant(1e-3)],
    ["-1/3 + 2 ** -2 * 4", constant(-1 / 3 + 1)],
    ["warmup({ steps: 100, to: 1e-3 }).then(cosine({ steps: 100, to: 1e-4 }))", warmup({ steps: 100, to: 1e-3 }).then(cosine({ steps: 100, to: 1e-4 }))],
    ["warmup({ 'steps': 10 * 5, \"to\": 1, convention: 'nanogpt' })", warmup({ steps: 50, to: 1, convention: "nanogpt" })],
    ["linear({ from: 1, steps: 10 }).scale(1/3).delay(5, { value: 0 }).clamp({ min: 0.01 })", linear({ from: 1, steps: 10 }).scale(1 / 3).delay(5, { value: 0 }).clamp({ min: 0.01 })],
    ["constant(2).times(linear({ from: 1, to: 2, steps: 9 }))", constant(2).times(linear({ from: 1, to: 2, steps: 9 }))],
    ["piecewise([[0, 1], [10, 0.5], [100, 0.1]], { interpolation: 'step' })", piecewise([[0, 1], [10, 0.5], [100, 0.1]], { interpolation: "step" })],
    ["StepLR(0.1, { stepSize: 30, gamma: 0.1 })", StepLR(0.1, { stepSize: 30, gamma: 0.1 })],
    ["getScheduler('cosine', 1e-3, { warmupSteps: 10, steps: 200 })", getScheduler("cosine", 1e-3, { warmupSteps: 10, steps: 200 })],
    ["OneCycleLR({ maxLr: 1, totalSteps: 100 })", OneCycleLR({ maxLr: 1, totalSteps: 100 }).lr],
    ["OneCycleLR({ maxLr: 1, totalSteps: 100 }).momentum", OneCycleLR({ maxLr: 1, totalSteps: 100 }).momentum!],
  ])("%s", (text, want) => same(parseSchedule(text), want));

  it("may be the JSON of a schedule", () => {
    const schedule = warmup({ steps: 10, to: 1 }).then(cosine({ steps: 90 }));
    same(parseSchedule(JSON.stringify(schedule)), schedule);
  });

  it.each([
    ["warmpu({ steps: 3 })", 'unknown function "warmpu" at column 1; did you mean warmup?'],
    ["warmup({ steps: 3, to: 1 }).thne(1)", 'unknown method "thne" at column 29; did you mean then?'],
    ["steps", 'unknown name "steps" at column 1'],
    ["warmup", "call it: warmup(...)"],
    ["lambda((t) => t)", "cannot read the expression at column"],
    ["lambda(3)", "a function of your own cannot be written as text; use piecewise"],
    ["warmup({ steps: 3, to: 1 }).constructor('return 1')()", "only schedules have methods"],
    ["warmup({ steps: 3, to: 1 })['then'](1)", "a method is written .then(...), got one in brackets"],
    ["warmup({ steps: 3, to: 1 }).description", 'unknown property "description"'],
    ["warmup({ steps: 3, to: 1 }).__proto__", 'unknown property "__proto__"'],
    ["constant.constructor('x')", 'unknown name "constant"'],
    ["toString()", 'unknown function "toString"'],
    ["globalThis", 'unknown name "globalThis"'],
    ["process.exit(1)", 'unknown name "process"'],
    ["this", "an expression has calls, numbers, arrays and objects only, got ThisExpression"],
    ["cosine({ __proto__: { steps: 3 } })", 'unknown option "__proto__"'],
    ["cosine({ ...{} })", "cannot read the expression at column 11"],
    ["cosine({ from: 1, steps: 10 }", "cannot read the expression at column 30, got Expected )"],
    ["1; 2", "got several expressions"],
    ["true ? 1 : 2", "got ConditionalExpression"],
    ["'text'", 'the expression is no schedule, got "text"'],
    ["", "the expression is empty"],
    [" ", "the expression is empty"],
    ["warmup({ steps: '3', to: 1 })", 'steps must be a whole number >= 0, got "3"'],
    ["constant(1) + constant(2)", "cannot compute a schedule + a schedule; schedules have .scale(), .times() and .then()"],
    ["-constant(1)", "cannot compute - of a schedule"],
    ["1 & 2", "cannot compute 1 & 2"],
    ["1 / 0", "constant: value must be a finite number"],
    ["cosine({ steps: 3, form: 1 })", 'cosine: unknown option "form"'],
    ["{ \"shape\": \"constant\" ", "not valid JSON"],
    ["{ \"shape\": \"magic\" }", "unknown shape"],
    [`${"-".repeat(400)}1`, "nested more than 200 deep"],
    [`constant(${"(".repeat(5000)}1${")".repeat(4000)})`, "schedule:"],
    ["1 + ".repeat(3000) + "1", "too long"],
  ])("%s is refused", (text, message) => {
    expect(() => parseSchedule(text)).toThrow(UsageError);
    expect(() => parseSchedule(text)).toThrow(message);
  });
});

describe("presets", () => {
  it.each(Object.entries(schedulePresets))("%s: positive, of finite length, saved and loaded", (_, { schedule, steps, source }) => {
    expect(source.length).toBeGreaterThan(5);
    for (let i = 1; i < 100; i++) expect(schedule.at(Math.floor((i * steps) / 100))).toBeGreaterThan(0);
    same(parseSchedule(JSON.stringify(schedule)), schedule);
  });
});
