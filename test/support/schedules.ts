// What the schedule tests share: the comparison with a formula, and random schedules.
import fc from "fast-check";
import { expect } from "vitest";
import * as schedule from "../../src/schedule/index.js";
import type { Schedule } from "../../src/schedule/index.js";

/** Relative to the value itself, also where it is small. */
const relative = 1e-12;

export const firstSteps = Array.from({ length: 200 }, (_, t) => t);

/** Steps where a schedule of W steps goes wrong first: both ends, their neighbours, between whole steps, far past the end. */
export function edges(W: number): number[] {
  return [0, 0.5, 1, W / 3, W / 2, W - 1, W - 0.25, W, W + 0.5, W + 1, 2 * W + 3, 1e6 + W, 1e15].filter((t) => t >= 0);
}

export function expectFormula(of: Schedule, formula: (t: number) => number, steps: readonly number[] = firstSteps): void {
  const wrong = steps
    .map((t) => ({ t, got: of.at(t), want: formula(t) }))
    .filter(({ got, want }) => !(Math.abs(got - want) <= relative * Math.abs(want)));
  expect(wrong).toEqual([]);
}

/** The same bits after JSON, and finite numbers, at the first steps, between steps and far away. */
export function expectSameAfterJSON(made: Schedule): void {
  const back = schedule.fromJSON(JSON.parse(JSON.stringify(made)));
  const steps = [...firstSteps, 0.5, 17.25, 1e6, 1e15];
  expect(steps.filter((t) => !Object.is(back.at(t), made.at(t)) || !Number.isFinite(made.at(t)))).toEqual([]);
}

/** Doubles alone are mostly next to 0 or next to their limits. */
const between = (min: number, max: number): fc.Arbitrary<number> =>
  fc.oneof(fc.double({ min, max, noNaN: true }), fc.integer({ min: Math.ceil(min * 1e3), max: Math.floor(max * 1e3) }).map((n) => n / 1e3));
const value = between(-1e3, 1e3);
const positive = between(1e-3, 1e3);
const count = fc.oneof(fc.constantFrom(0, 1, 2), fc.integer({ min: 0, max: 60 }));
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });

/** Options without the keys that are undefined, as a user writes them. */
const options = <T extends object>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(shape).map((all) => Object.fromEntries(Object.entries(all).filter(([, entry]) => entry !== undefined)) as T);

const convention = maybe(fc.constantFrom("huggingface" as const, "llmc" as const, "nanogpt" as const, "pytorch" as const));
const curve = maybe(fc.constantFrom("linear" as const, "constant" as const, "exponential" as const, "cosine" as const));
const oscillation = fc.record({ amplitude: between(0, 1), period: between(0.1, 100) });
const points = fc
  .uniqueArray(count, { minLength: 1, maxLength: 6 })
  .chain((steps) => fc.tuple(...[...steps].sort((a, b) => a - b).map((step) => fc.tuple(fc.constant(step), positive))));

const some = fc.integer({ min: 1, max: 40 });
const milestones = fc.array(count, { maxLength: 5 }).map((steps) => [...steps].sort((a, b) => a - b));

/** One shape with a given `from`, or with an open one where it is left out. */
function shapes(from: fc.Arbitrary<number | undefined>): fc.Arbitrary<Schedule>[] {
  return [
    options({ from, to: maybe(value), steps: count }).map(schedule.linear),
    options({ from, to: maybe(value), steps: count }).map(schedule.cosine),
    options({ from, to: maybe(value), steps: count, power: maybe(between(0.1, 9)) }).map(schedule.polynomial),
    options({ from, factor: between(0.5, 1), steps: maybe(count) }).map(schedule.exponential),
    options({ from, factor: between(1, 1.2), steps: count }).map(schedule.exponential),
    options({ from, halfLife: fc.double({ min: 0.1, max: 1e18, noNaN: true }), steps: maybe(count) }).map(schedule.exponential),
    options({ from, rate: between(0, 10), power: maybe(between(0.1, 3)) }).map(schedule.inverseTime),
    options({ from, power: between(0.1, 3), timescale: maybe(between(1, 50)) }).map(schedule.powerLaw),
    options({ from, timescale: between(0.1, 50) }).map(schedule.inverseSqrt),
    options({ from, every: some, factor: between(0, 1) }).map(schedule.step),
    options({ from, milestones, factor: between(0, 2) }).map(schedule.multiStep),
    options({ from, to: maybe(value), steps: count, cycles: maybe(between(0.1, 9)) }).map(schedule.cosineRestarts),
    options({ from, to: maybe(value), steps: some, multiply: maybe(fc.integer({ min: 1, max: 4 })) }).map(schedule.warmRestarts),
    options({ from, to: maybe(value), period: between(0.1, 100), start: maybe(between(0, 50)) }).map(schedule.cosineWave),
    options({ from, to: value, up: some, down: maybe(count), mode: maybe(fc.constantFrom("triangular" as const, "triangular2" as const)) }).map(schedule.cyclic),
    options({ from, to: value, up: some, mode: fc.constant("exp_range" as const), factor: between(0.5, 1) }).map(schedule.cyclic),
  ];
}

const leaf = fc.oneof(
  ...shapes(value),
  fc.tuple(value, maybe(count)).map(([held, steps]) => schedule.constant(held, { steps })),
  options({ steps: count, to: positive, from: positive, convention, curve, oscillation: maybe(oscillation) }).map(schedule.warmup),
  options({ ratio: between(0, 1), total: count, to: value }).map(schedule.warmup),
  options({ width: positive, warmup: count, scale: maybe(value) }).map(schedule.noam),
  options({ warmup: count, stable: count, decay: count, to: positive, from: positive, end: maybe(value), convention, warmupCurve: curve, decayCurve: maybe(fc.constantFrom("linear" as const, "cosine" as const, "1-sqrt" as const)) }).map(
    schedule.warmupStableDecay,
  ),
  fc.tuple(points, fc.constantFrom("linear" as const, "step" as const, "cosine" as const, "exponential" as const)).map(([table, interpolation]) => schedule.piecewise(table, { interpolation })),
  fc.tuple(oscillation, maybe(count)).map(([swing, steps]) => schedule.oscillation({ ...swing, steps })),
  options({ to: value, from: maybe(value), end: maybe(value), steps: some, rise: maybe(between(0, 1)), curve: maybe(fc.constantFrom("cosine" as const, "linear" as const)), threePhase: maybe(fc.boolean()) }).map(
    schedule.oneCycle,
  ),
  fc.tuple(positive, positive, some).map(([from, share, every]) => schedule.step({ from, every, factor: 0.8, to: from * Math.min(1, share) })),
  fc.tuple(positive, positive, some).map(([from, share, every]) => schedule.step({ from, every, factor: 1.25, to: from * (1 + share) })),
  fc.tuple(positive, positive).map(([from, share]) => schedule.exponential({ from, factor: 0.8, to: from * Math.min(1, share) })),
  fc.tuple(positive, positive).map(([from, share]) => schedule.exponential({ from, factor: 1.25, to: from * (1 + share) })),
);

/** Never 0 at its first step, so that it can be divided by. */
const nonZeroFactor = between(0.1, 4);
const positiveFactor = fc.oneof(
  nonZeroFactor.map((factor) => schedule.constant(factor)),
  fc.tuple(oscillation, maybe(count)).map(([swing, steps]) => schedule.oscillation({ ...swing, steps })),
  options({ from: nonZeroFactor, to: nonZeroFactor, steps: count }).map(schedule.linear),
);

const limits = fc.tuple(value, value).map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));
const anyLimits = fc.oneof(
  limits,
  value.map((min) => ({ min })),
  value.map((max) => ({ max })),
);
const held = maybe(value).map((entry) => (entry === undefined ? {} : { value: entry }));

const { any, open } = fc.letrec<{ any: Schedule; open: Schedule }>((tie) => ({
  any: fc.oneof(
    { depthSize: "small", maxDepth: 5 },
    leaf,
    fc.tuple(tie("any"), fc.oneof(tie("any"), tie("open"), value), count).map(([first, next, at]) => first.then(next, { at })),
    fc.tuple(tie("any"), fc.oneof(tie("any"), tie("open"))).map(([first, next]) => (first.steps === Infinity ? first.then(next, { at: 9 }) : first.then(next))),
    fc.tuple(tie("any"), fc.oneof(tie("any"), value)).map(([first, other]) => first.times(other)),
    fc.tuple(tie("any"), value).map(([of, by]) => of.scale(by)),
    fc.tuple(tie("any"), count, held).map(([of, steps, hold]) => of.delay(steps, hold)),
    fc.tuple(tie("any"), anyLimits).map(([of, range]) => of.clamp(range)),
  ),
  open: fc.oneof(
    { depthSize: "small", maxDepth: 4 },
    fc.oneof(...shapes(fc.constant(undefined))),
    fc.tuple(tie("open"), fc.oneof(tie("any"), tie("open")), count).map(([first, next, at]) => first.then(next, { at })),
    fc.tuple(tie("open"), positiveFactor).map(([of, factor]) => of.times(factor)),
    fc.tuple(positiveFactor, tie("open")).map(([factor, of]) => factor.times(of)),
    fc.tuple(tie("open"), nonZeroFactor).map(([of, by]) => of.scale(by)),
    fc.tuple(tie("open"), count, held).map(([of, steps, hold]) => of.delay(steps, hold)),
    fc.tuple(tie("open"), anyLimits).map(([of, range]) => of.clamp(range)),
  ),
}));

/** Anything the catalogue can build, nested any way; `anyOpen` starts where the schedule before it ended. */
export const anySchedule: fc.Arbitrary<Schedule> = any;
export const anyOpen: fc.Arbitrary<Schedule> = open;
export { anyLimits };

/** Steps to ask a random schedule for. */
export function askedSteps(of: Schedule): number[] {
  const end = Math.min(of.steps, 500);
  return [...firstSteps.slice(0, 70), 0.5, 7.25, 59.75, ...edges(end), 1e9, 1e15].filter((t) => t >= 0);
}
