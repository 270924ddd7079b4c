// When a claim counts as confirmed: bounds that are stated before the run, and a verdict that follows from the values alone.

/** On one side of a number; the number itself counts. */
export type Bound = { atLeast: number } | { atMost: number };

export interface Criterion {
  id: string;
  /** What is compared, as in "largest rate that trains, with warmup over without". */
  statement: string;
  confirmed: Bound;
  /** Beyond it the opposite of the claim was seen. Between the two nothing is shown at this scale. */
  contradicted: Bound;
  /** Of the value: "x", "%", "nats", "steps". */
  unit?: string;
}

export type Verdict = "confirmed" | "not confirmed at this scale" | "contradicted";

export interface Judged extends Criterion {
  /** One a seed. */
  values: readonly number[];
  median: number;
  low: number;
  high: number;
  verdict: Verdict;
}

/**
 * Confirmed: the median meets `confirmed` and no value meets `contradicted`. Contradicted: the median meets `contradicted`.
 * A value that is not a number meets neither, and confirms nothing.
 */
export function judgeCriterion(criterion: Criterion, values: readonly number[]): Judged {
  const sorted = [...values].sort((a, b) => a - b);
  const isSound = values.length > 0 && values.every((value) => !Number.isNaN(value));
  const median = isSound ? (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2 : NaN;
  const [low, high] = isSound ? [sorted[0]!, sorted.at(-1)!] : [NaN, NaN];
  return { ...criterion, values, median, low, high, verdict: verdictOn(criterion, values, median) };
}

function verdictOn({ confirmed, contradicted }: Criterion, values: readonly number[], median: number): Verdict {
  if (meets(median, contradicted)) return "contradicted";
  if (meets(median, confirmed) && !values.some((value) => meets(value, contradicted))) return "confirmed";
  return "not confirmed at this scale";
}

/** Contradicted by one, confirmed by all. */
export function verdictOf(judged: readonly Judged[]): Verdict {
  if (judged.some(({ verdict }) => verdict === "contradicted")) return "contradicted";
  return judged.every(({ verdict }) => verdict === "confirmed") ? "confirmed" : "not confirmed at this scale";
}

/** "at least 2 x" */
export function boundText(bound: Bound, unit = ""): string {
  const [words, value] = "atLeast" in bound ? ["at least", bound.atLeast] : ["at most", bound.atMost];
  return `${words} ${value}${unit && ` ${unit}`}`;
}

function meets(value: number, bound: Bound): boolean {
  return "atLeast" in bound ? value >= bound.atLeast : value <= bound.atMost;
}
