// A schedule as the editor shows it: parts one after another, each with what is done to it, and what is done to them all.
import { Schedule, type Description } from "../../schedule/index.js";
import { walk } from "../../schedule/description.js";
import { expressionText } from "./expression_text.js";

/** What one method of a schedule does to it. */
export type Modifier =
  | { kind: "times"; by: Description }
  | { kind: "scale"; by: number }
  | { kind: "delay"; steps: number; value?: number | undefined }
  | { kind: "clamp"; min?: number | undefined; max?: number | undefined };

export interface Part {
  /** A shape of the catalogue, or a schedule of several in brackets. An open `from` starts where the part before ended. */
  base: Description;
  modifiers: readonly Modifier[];
  /** The step it starts at; null where the part before it ends. Of the first part it is null. */
  at: number | null;
}

export interface Pieces {
  parts: readonly Part[];
  /** Of all parts together. */
  over: readonly Modifier[];
}

/** Throws UsageError that says what is wrong with a part or with how they follow each other. */
export function scheduleOfPieces({ parts, over }: Pieces): Schedule {
  const chain = parts.map(partSchedule).reduce((before, next, i) => {
    const { at } = parts[i]!;
    return at === null ? before.then(next) : before.then(next, { at });
  });
  return over.reduce(modified, chain);
}

function partSchedule({ base, modifiers }: Part): Schedule {
  return modifiers.reduce(modified, new Schedule(base));
}

function modified(schedule: Schedule, modifier: Modifier): Schedule {
  switch (modifier.kind) {
    case "times":
      return schedule.times(new Schedule(modifier.by));
    case "scale":
      return schedule.scale(modifier.by);
    case "delay":
      return schedule.delay(modifier.steps, modifier.value === undefined ? {} : { value: modifier.value });
    case "clamp":
      return schedule.clamp(without(modifier, "kind") as { min?: number; max?: number });
  }
}

/**
 * The pieces of any schedule, so that `scheduleOfPieces` gives back the same description. A part that starts at the very
 * value where the one before ended is taken for one that follows it: it is left open.
 */
export function piecesOf(schedule: Schedule): Pieces {
  const { inner, modifiers } = unwrapped(schedule.toDescription());
  if (inner.shape !== "sequence") return { parts: [{ base: inner, modifiers: [], at: null }], over: modifiers };
  const parts: Part[] = [];
  inner.parts.forEach((description, i) => {
    const start = i === 0 ? 0 : inner.at[i - 1]!;
    const { inner: base, modifiers: own } = unwrapped(description);
    const closed: Part = { base, modifiers: own, at: i === 0 || startsAtEnd(inner, i) ? null : start };
    parts.push(i === 0 ? closed : (openedPart(inner.parts[i - 1]!, start - (i === 1 ? 0 : inner.at[i - 2]!), description, closed) ?? closed));
  });
  return { parts, over: modifiers };
}

/** Whether a part begins where the ones before it end by themselves. */
function startsAtEnd({ parts, at }: Extract<Description, { shape: "sequence" }>, i: number): boolean {
  return (i === 1 ? 0 : at[i - 2]!) + walk.steps(parts[i - 1]!) === at[i - 1];
}

/** The part without its `from`, if what comes before gives it back bit for bit. */
function openedPart(before: Description, after: number, description: Description, part: Part): Part | null {
  if (!("from" in part.base)) return null;
  const open: Part = { ...part, base: without(part.base, "from") as unknown as Description };
  try {
    const schedule = partSchedule(open);
    if (!schedule.isOpen) return null;
    const again = walk.startingFrom(schedule.toDescription(), walk.at(before, after));
    return JSON.stringify(again) === JSON.stringify(description) ? open : null;
  } catch {
    // Open, it is no valid schedule, or nothing makes it start there.
    return null;
  }
}

/** The methods that were called last, outermost last, and what they were called on. */
function unwrapped(description: Description): { inner: Description; modifiers: Modifier[] } {
  const around = (of: Description, modifier: Modifier) => {
    const { inner, modifiers } = unwrapped(of);
    return { inner, modifiers: [...modifiers, modifier] };
  };
  switch (description.shape) {
    case "scale":
      return around(description.of, { kind: "scale", by: description.by });
    case "delay":
      return around(description.of, { kind: "delay", ...without(description, "shape", "of") });
    case "clamp":
      return around(description.of, { kind: "clamp", ...without(description, "shape", "of") });
    case "product": {
      const [first, ...factors] = description.factors;
      const { inner, modifiers } = unwrapped(first!);
      return { inner, modifiers: [...modifiers, ...factors.map((by): Modifier => ({ kind: "times", by }))] };
    }
    default:
      return { inner: description, modifiers: [] };
  }
}

/** The expression of the pieces, written as they are: parts that follow each other, without the numbers that this gives them. */
export function piecesText({ parts, over }: Pieces): string {
  const chain = parts.map(partText).reduce((text, next, i) => {
    const { at } = parts[i]!;
    return `${text}\n  .then(${next}${at === null ? "" : `, { at: ${at} }`})`;
  });
  return modifiedText(chain, over);
}

function partText({ base, modifiers }: Part): string {
  return modifiedText(expressionText(base), modifiers);
}

function modifiedText(text: string, modifiers: readonly Modifier[]): string {
  return modifiers.reduce((before, modifier) => {
    switch (modifier.kind) {
      case "times":
        return `${before}.times(${expressionText(modifier.by)})`;
      case "scale":
        return `${before}.scale(${modifier.by})`;
      case "delay":
        return `${before}.delay(${modifier.steps}${modifier.value === undefined ? "" : `, { value: ${modifier.value} }`})`;
      case "clamp":
        return `${before}.clamp({ ${(["min", "max"] as const).filter((bound) => modifier[bound] !== undefined).map((bound) => `${bound}: ${modifier[bound]}`).join(", ")} })`;
    }
  }, text);
}

/** Where each part starts, and where the whole would end; Infinity for one that never does. */
export function startsOf({ parts }: Pieces): number[] {
  let schedule: Schedule | null = null;
  return parts.map((part) => {
    const start = part.at ?? schedule?.steps ?? 0;
    const next = partSchedule(part);
    schedule = schedule ? schedule.then(next, { at: start }) : next;
    return start;
  });
}

function without<T extends object, K extends keyof T>(object: T, ...names: K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !(names as string[]).includes(name))) as Omit<T, K>;
}

/** Each part's base with its `from` where that was left open: what it starts at, given those before. */
export function closedBases(pieces: Pieces): Description[] {
  const starts = startsOf(pieces);
  let before: Schedule | null = null;
  return pieces.parts.map((part, i) => {
    const own = partSchedule(part);
    const closed: Description = own.isOpen && before ? walk.startingFrom(own.toDescription(), before.at(starts[i]!)) : own.toDescription();
    before = before ? before.then(own, { at: starts[i]! }) : own;
    return part.modifiers.length === 0 ? closed : unwrapped(closed).inner;
  });
}
