// The catalogue as the editor offers it: which shapes there are, what each is for, and what can be set of it.
import type { Description } from "../../schedule/index.js";

export type Shape = Description["shape"];

export type FieldKind =
  /** A learning rate. */
  | { kind: "rate" }
  /** A whole number of steps. */
  | { kind: "steps" }
  | { kind: "number" }
  | { kind: "choice"; choices: readonly string[] }
  | { kind: "toggle" }
  /** Whole numbers of steps with commas between. */
  | { kind: "milestones" }
  /** step: rate pairs with commas between. */
  | { kind: "points" };

export type Field = FieldKind & {
  /** Of the option. */
  name: string;
  label: string;
  help: string;
  /** May be left empty; the text says what it then is. */
  optional?: string;
};

/** What a new part has to fit to. */
export interface Place {
  /** The highest rate of the schedule so far. */
  peak: number;
  /** Steps of the run that no part before takes. */
  left: number;
  /** Nothing comes before it. */
  first: boolean;
}

export interface Family {
  shape: Shape;
  title: string;
  group: "rises" | "holds or falls" | "falls and rises again" | "whole runs";
  help: string;
  fields: readonly Field[];
  create: (place: Place) => Description;
}

const rate = (name: string, label: string, help: string, optional?: string): Field => ({ kind: "rate", name, label, help, ...(optional !== undefined && { optional }) });
const steps = (name: string, label: string, help: string, optional?: string): Field => ({ kind: "steps", name, label, help, ...(optional !== undefined && { optional }) });
const number = (name: string, label: string, help: string, optional?: string): Field => ({ kind: "number", name, label, help, ...(optional !== undefined && { optional }) });
const choice = (name: string, label: string, help: string, choices: readonly string[]): Field => ({ kind: "choice", name, label, help, choices });

const from = rate("from", "from", "The rate it starts at; left empty, where the part before ended", "as before");
const to = rate("to", "to", "The rate it arrives at", "0");
const length = steps("steps", "steps", "How many steps it takes");
const convention = choice("convention", "counts like", "What the first step gets: t/W, (t+1)/W, (t+1)/(W+1), or t/W from a third of the peak", ["huggingface", "llmc", "nanogpt", "pytorch"]);
const rampCurves = ["linear", "cosine", "exponential", "constant"];

const start = ({ first, peak }: Place) => (first ? { from: peak } : {});
const some = (left: number, share: number) => Math.max(1, Math.round(left * share));

export const families: readonly Family[] = [
  {
    shape: "warmup", title: "Warmup", group: "rises", help: "Rises to the peak over the first steps, so that they do not throw the weights out",
    fields: [length, rate("to", "to", "The peak rate"), rate("from", "from", "The rate of the first step", "0"), choice("curve", "curve", "How it rises", rampCurves), convention],
    create: ({ peak, left }) => ({ shape: "warmup", steps: some(left, 0.1), to: peak }),
  },
  {
    shape: "constant", title: "Constant", group: "holds or falls", help: "The same rate at every step",
    fields: [rate("value", "rate", "The rate"), steps("steps", "steps", "How long, before the next part", "for ever")],
    create: ({ peak, left }) => ({ shape: "constant", value: peak, steps: Math.max(1, left) }),
  },
  {
    shape: "linear", title: "Linear", group: "holds or falls", help: "A straight line down",
    fields: [from, to, length], create: (place) => ({ shape: "linear", ...start(place), to: 0, steps: Math.max(1, place.left) }),
  },
  {
    shape: "cosine", title: "Cosine", group: "holds or falls", help: "Half a wave: slow at both ends",
    fields: [from, to, length], create: (place) => ({ shape: "cosine", ...start(place), to: 0, steps: Math.max(1, place.left) }),
  },
  {
    shape: "polynomial", title: "Polynomial", group: "holds or falls", help: "A power of what is left: above 1 it falls early, below 1 late",
    fields: [from, to, length, number("power", "power", "1 is a straight line", "1")], create: (place) => ({ shape: "polynomial", ...start(place), to: 0, power: 2, steps: Math.max(1, place.left) }),
  },
  {
    shape: "exponential", title: "Exponential", group: "holds or falls", help: "The same share off at every step. It freezes once its budget is spent",
    fields: [from, number("halfLife", "half-life", "Steps in which it halves; or give a factor", "by factor"), number("factor", "factor", "What a step multiplies by; or give a half-life", "by half-life"), rate("to", "floor", "It falls no further", "none"), steps("steps", "steps", "It stays as it is from then on", "no end")],
    create: (place) => ({ shape: "exponential", ...start(place), halfLife: some(place.left, 0.2) }),
  },
  {
    shape: "inverseTime", title: "Inverse time", group: "holds or falls", help: "1 over time: meets the Robbins-Monro conditions",
    fields: [from, number("rate", "speed", "How fast it falls, per step"), number("power", "power", "In (0.5, 1] for Robbins-Monro", "1")], create: (place) => ({ shape: "inverseTime", ...start(place), rate: Number((5 / Math.max(1, place.left)).toPrecision(3)) }),
  },
  {
    shape: "powerLaw", title: "Power law", group: "holds or falls", help: "A pure power of the step's number, after a while at the start",
    fields: [from, number("power", "power", "How steeply it falls"), number("timescale", "stays for", "Steps at the start before it falls", "1")], create: (place) => ({ shape: "powerLaw", ...start(place), power: 0.5, timescale: some(place.left, 0.1) }),
  },
  {
    shape: "inverseSqrt", title: "Inverse square root", group: "holds or falls", help: "Falls ever more slowly and never ends: a run can be made longer",
    fields: [from, number("timescale", "timescale", "Steps in which it falls to 0.71 of the start")], create: (place) => ({ shape: "inverseSqrt", ...start(place), timescale: some(place.left, 0.1) }),
  },
  {
    shape: "step", title: "Stairs", group: "holds or falls", help: "Multiplied by a factor every so many steps",
    fields: [from, steps("every", "every", "Steps of a stair"), number("factor", "factor", "What a stair multiplies by"), rate("to", "floor", "It falls no further", "none")], create: (place) => ({ shape: "step", ...start(place), every: some(place.left, 0.25), factor: 0.5 }),
  },
  {
    shape: "multiStep", title: "Stairs where you say", group: "holds or falls", help: "Multiplied by a factor at steps of your choice",
    fields: [from, { kind: "milestones", name: "milestones", label: "at steps", help: "Steps with commas between, counted from the start of this part" }, number("factor", "factor", "What each multiplies by")],
    create: (place) => ({ shape: "multiStep", ...start(place), milestones: [some(place.left, 0.5), some(place.left, 0.75)], factor: 0.1 }),
  },
  {
    shape: "piecewise", title: "Drawn", group: "whole runs", help: "A table of points, such as a curve drawn by hand",
    fields: [{ kind: "points", name: "points", label: "points", help: "step: rate, with commas between" }, choice("interpolation", "between points", "How it goes from point to point", ["linear", "cosine", "exponential", "step"])],
    create: ({ peak, left }) => ({ shape: "piecewise", points: [[0, 0], [some(left, 0.1), peak], [Math.max(2, left), 0]] }),
  },
  {
    shape: "cosineRestarts", title: "Cosine, hard restarts", group: "falls and rises again", help: "Several half waves, each from the top again",
    fields: [from, to, length, number("cycles", "cycles", "How many half waves", "1")], create: (place) => ({ shape: "cosineRestarts", ...start(place), to: 0, cycles: 3, steps: Math.max(1, place.left) }),
  },
  {
    shape: "warmRestarts", title: "Cosine, warm restarts", group: "falls and rises again", help: "Half waves for ever, each a multiple as long as the one before (SGDR)",
    fields: [from, to, steps("steps", "first cycle", "Steps of the first half wave"), number("multiply", "times as long", "Each cycle against the one before; whole", "1")], create: (place) => ({ shape: "warmRestarts", ...start(place), to: 0, steps: some(place.left, 1 / 7), multiply: 2 }),
  },
  {
    shape: "cosineWave", title: "Cosine wave", group: "falls and rises again", help: "Down and up, for ever",
    fields: [from, to, number("period", "period", "Steps from one top to the next"), number("start", "starts after", "Steps of the wave that lie behind at the start", "0")], create: (place) => ({ shape: "cosineWave", ...start(place), to: 0, period: some(place.left, 0.5) }),
  },
  {
    shape: "cyclic", title: "Triangles", group: "falls and rises again", help: "Up and down in straight lines, for ever (cyclical learning rates)",
    fields: [from, rate("to", "to", "The rate at the top"), steps("up", "up", "Steps of the rise"), steps("down", "down", "Steps of the fall", "as up"), choice("mode", "height", "Of the cycles: all the same, each half of the one before, or falling by a factor a step", ["triangular", "triangular2", "exp_range"]), number("factor", "factor", "For exp_range: what a step multiplies the height by", "none")],
    create: ({ peak, left, first }) => ({ shape: "cyclic", ...(first && { from: peak / 10 }), to: peak, up: some(left, 0.1) }),
  },
  {
    shape: "warmupStableDecay", title: "Warmup, stable, decay", group: "whole runs", help: "Up, level, down at the end: the level part can be made longer at any time",
    fields: [steps("warmup", "warmup", "Steps of the rise"), steps("stable", "stable", "Steps at the peak"), steps("decay", "decay", "Steps of the fall"), rate("to", "peak", "The rate between rise and fall"), rate("from", "from", "The rate of the first step", "0"), rate("end", "end", "The rate after the fall", "0"), choice("warmupCurve", "rise", "How it rises", rampCurves), choice("decayCurve", "fall", "How it falls", ["linear", "cosine", "1-sqrt"]), convention],
    create: ({ peak, left }) => ({ shape: "warmupStableDecay", warmup: some(left, 0.1), stable: some(left, 0.7), decay: Math.max(1, left - some(left, 0.1) - some(left, 0.7)), to: peak }),
  },
  {
    shape: "oneCycle", title: "One cycle", group: "whole runs", help: "Up and down once, and to nearly nothing at the end (super-convergence)",
    fields: [rate("to", "peak", "The rate at the top"), rate("from", "from", "The rate of the first step", "peak / 25"), rate("end", "end", "The rate of the last step", "from / 10000"), length, number("rise", "rise", "Share of the steps that it rises for", "0.3"), choice("curve", "curve", "How it goes", ["cosine", "linear"]), { kind: "toggle", name: "threePhase", label: "three phases", help: "Down to the start first, then to the end" }],
    create: ({ peak, left }) => ({ shape: "oneCycle", to: peak, steps: Math.max(1, left) }),
  },
  {
    shape: "noam", title: "Noam", group: "whole runs", help: "Linear warmup and inverse square root in one, as in Attention Is All You Need",
    fields: [number("width", "width", "Of the model"), steps("warmup", "warmup", "Steps of the rise"), number("scale", "scale", "Multiplies it all", "1")],
    create: ({ peak, left }) => ({ shape: "noam", width: 64, warmup: some(left, 0.1), scale: Number((peak * 8 * Math.sqrt(some(left, 0.1))).toPrecision(3)) }),
  },
];

/** Offered as a factor, not as a part: about 1. */
export const oscillationFamily: Family = {
  shape: "oscillation", title: "Swings", group: "whole runs", help: "Swings about the schedule: brings noise back into large batches",
  fields: [number("amplitude", "swing", "From 0 to 1, as a share of the rate"), number("period", "period", "Steps of a swing up and down"), steps("steps", "steps", "How long it swings", "for ever")],
  create: ({ left }) => ({ shape: "oscillation", amplitude: 0.2, period: some(left, 0.05) }),
};

const byShape = new Map([...families, oscillationFamily].map((family) => [family.shape, family]));

/** null for schedules made of others, which have no fields of their own. */
export function familyOf(shape: Shape): Family | null {
  return byShape.get(shape) ?? null;
}

export function optionOf(description: Description, name: string): unknown {
  return (description as unknown as Record<string, unknown>)[name];
}

/** The description with one option changed; undefined leaves it out. What excludes each other gives way. */
export function withOption(description: Description, name: string, value: unknown): Description {
  const next: Record<string, unknown> = { ...description, [name]: value };
  if (value === undefined) delete next[name];
  else if (description.shape === "exponential" && name === "halfLife") delete next.factor;
  else if (description.shape === "exponential" && name === "factor") delete next.halfLife;
  if (description.shape === "cyclic" && name === "mode") {
    if (value === "exp_range") next.factor ??= 0.99;
    else delete next.factor;
  }
  return next as unknown as Description;
}

/** What a person typed in a field. Throws a message for what is no number; what numbers fit, the schedule says. */
export function parseField(field: Field, text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "" && field.optional !== undefined) return undefined;
  switch (field.kind) {
    case "choice":
      return trimmed;
    case "toggle":
      return trimmed === "true";
    case "milestones":
      return trimmed === "" ? [] : trimmed.split(",").map((part) => numberOf(field, part));
    case "points":
      return trimmed.split(",").map((pair) => {
        const [step, value, ...rest] = pair.split(":");
        if (value === undefined || rest.length > 0) throw new RangeError(`${field.label}: needs step: rate, got "${pair.trim()}"; for example 0: 0, 60: 0.008`);
        return [numberOf(field, step!), numberOf(field, value)];
      });
    default:
      return numberOf(field, trimmed);
  }
}

/** A field's value as its text. */
export function fieldText(field: Field, value: unknown): string {
  if (value === undefined) return "";
  if (field.kind === "milestones") return (value as number[]).join(", ");
  if (field.kind === "points") return (value as [number, number][]).map(([step, rate]) => `${step}: ${rate}`).join(", ");
  return String(value);
}

function numberOf(field: Field, text: string): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (!Number.isFinite(value)) throw new RangeError(`${field.label}: needs a number, got "${text.trim()}"`);
  return value;
}
