// What theory asks of a schedule: how far it lets the parameters move, and whether it would ever come to rest.
import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import { asSchedule, type Schedule } from "./schedule.js";
import { tailOf, type Tail } from "./tail.js";

/** Options of `describe`. */
export interface DescribeOptions {
  /** The length of the run. */
  steps: number;
  /** The first step of it; 0 by default. */
  from?: number;
}

/** The conditions of Robbins and Monro, for the schedule continued for ever; null where its shape does not tell. */
export interface RobbinsMonro {
  /** The sum of the rates is infinite: any distance can be covered. */
  sumDiverges: boolean | null;
  /** The sum of their squares is finite: the noise dies out. */
  squaresConverge: boolean | null;
  verdict: string;
}

/** What `describe` found. */
export interface ScheduleReport {
  from: number;
  steps: number;
  first: number;
  last: number;
  peak: { value: number; step: number };
  /** Movement budget: the sum of the rates, what gradients of size 1 can move a parameter by. */
  sum: number;
  sumOfSquares: number;
  /** Steps before the peak, where the rate rises to it, and their share of the sum; null for none. */
  warmup: { steps: number; share: number } | null;
  robbinsMonro: RobbinsMonro;
  warnings: string[];
  notes: string[];
}

const jump = 10;
const mostWarnings = 5;

/**
 * Sums, peak, warmup and warnings of the steps from, ..., from + steps - 1, and the Robbins-Monro conditions of the schedule
 * continued for ever: sum of eta_t = infinity and sum of eta_t^2 < infinity.
 *
 * Range:  steps >= 1; from = 0. The sums are compensated, exact to a few units in the last place.
 * Throws: UsageError for options out of range, or a schedule with an open start.
 * Source: Robbins and Monro, "A stochastic approximation method", 1951. A jump upward of more than ten times is warned of.
 */
export function describe(schedule: Schedule | number, options: DescribeOptions): ScheduleReport {
  schedule = asSchedule(schedule);
  if (options === undefined) throw new UsageError("describe: needs { steps }, got no options; give the length of the run");
  checkOptions("describe", options, ["steps", "from"]);
  const steps = checkNumber("describe", "steps", options.steps, { min: 1, max: 1e8, integer: true });
  const from = checkNumber("describe", "from", options.from ?? 0, { min: 0, max: 1e15, integer: true });
  const [sum, squares] = [new Sum(), new Sum()];
  let rising = 0;
  const peak = { value: -Infinity, step: from };
  const jumps: string[] = [];
  let before = NaN;
  for (let t = from; t < from + steps; t++) {
    const value = schedule.at(t);
    if (value > peak.value) {
      Object.assign(peak, { value, step: t });
      rising = sum.value;
    }
    sum.add(value);
    squares.add(value * value);
    if (before > 0 && value > jump * before) jumps.push(`the rate jumps ${ratio(value / before)} times at step ${t}, from ${short(before)} to ${short(value)}`);
    before = value;
  }
  const [first, last] = [schedule.at(from), before];
  const tail = tailOf(schedule.toDescription());
  const warnings = jumps.length > mostWarnings ? [...jumps.slice(0, mostWarnings), `and ${jumps.length - mostWarnings} more jumps of more than ${jump} times`] : jumps;
  const rises = peak.step > from && peak.value > first;
  return {
    from, steps, first, last, peak,
    sum: sum.value,
    sumOfSquares: squares.value,
    warmup: rises ? { steps: peak.step - from, share: sum.value === 0 ? 0 : rising / sum.value } : null,
    robbinsMonro: robbinsMonro(tail, schedule, from + steps),
    warnings: [...warnings, ...fromZero(schedule, first, from, peak)],
    notes: first === 0 ? [`the step t = ${from} has rate 0 and moves nothing; the conventions "llmc" and "nanogpt" start above 0`] : [],
  };
}

/** The report as lines for people. */
export function describeInWords(report: ScheduleReport): string {
  const { from, steps, first, last, peak, sum, sumOfSquares, warmup, robbinsMonro: { verdict }, warnings, notes } = report;
  return [
    `rate      ${short(first)} at step ${from}, peak ${short(peak.value)} at step ${peak.step}, ${short(last)} at step ${from + steps - 1}`,
    `budget    the rates of ${steps} steps add up to ${short(sum)}, their squares to ${short(sumOfSquares)}`,
    warmup ? `warmup    ${warmup.steps} steps, ${Number((100 * warmup.share).toPrecision(2))} % of the budget` : "warmup    none",
    `for ever  ${verdict}`,
    ...warnings.map((text) => `warning   ${text}`),
    ...notes.map((text) => `note      ${text}`),
  ].join("\n");
}

function robbinsMonro(tail: Tail, schedule: Schedule, end: number): RobbinsMonro {
  switch (tail.kind) {
    case "unknown":
      return { sumDiverges: null, squaresConverge: null, verdict: "its shape does not tell whether it converges (a function of your own, or negative rates)" };
    case "zero":
      return { sumDiverges: false, squaresConverge: true, verdict: "ends at 0: what is not reached by then never will be, and the noise dies out with it" };
    case "positive":
      return { sumDiverges: true, squaresConverge: false, verdict: "never falls to 0: reaches any distance, but goes on wandering in a ball of noise" };
    case "exponential": {
      const left = schedule.at(end) / (1 - tail.factor);
      return {
        sumDiverges: false,
        squaresConverge: true,
        verdict: `falls exponentially: freezes once its budget is spent; after step ${end - 1} about ${short(left)} is left in all`,
      };
    }
    case "power": {
      const [sumDiverges, squaresConverge] = [tail.power <= 1, 2 * tail.power > 1];
      const why = sumDiverges
        ? squaresConverge
          ? "meets the Robbins-Monro conditions: reaches any distance, and the noise dies out"
          : "reaches any distance, but its squares add up to infinity: the noise dies out too slowly"
        : "its rates have a finite sum: freezes once that is spent";
      return { sumDiverges, squaresConverge, verdict: `falls as t^-${Number(tail.power.toPrecision(6))}: ${why}` };
    }
  }
}

/** From 0 to full in one step: a warmup that is missing, or a thaw without one. */
function fromZero(schedule: Schedule, first: number, from: number, peak: { value: number; step: number }): string[] {
  if (first !== 0 || peak.step <= from) return [];
  let last = from;
  while (last + 1 < peak.step && schedule.at(last + 1) === 0) last++;
  const next = schedule.at(last + 1);
  return next === peak.value && next > 0 ? [`the rate goes from 0 to its peak ${short(next)} in one step, at step ${last + 1}`] : [];
}

/** Neumaier's compensated sum. */
class Sum {
  private total = 0;
  private lost = 0;

  get value(): number {
    return this.total + this.lost;
  }

  add(term: number): void {
    const next = this.total + term;
    this.lost += Math.abs(this.total) >= Math.abs(term) ? this.total - next + term : term - next + this.total;
    this.total = next;
  }
}

function short(value: number): string {
  const text = Number(value.toPrecision(4));
  return text !== 0 && (Math.abs(text) < 1e-3 || Math.abs(text) >= 1e6) ? text.toExponential() : String(text);
}

function ratio(value: number): string {
  return value > 1e6 ? "over a million" : String(Number(value.toPrecision(3)));
}
