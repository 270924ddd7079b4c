import { UsageError } from "../errors.js";
import { checkOptions } from "../options.js";
import { checkSteps } from "./checks.js";
import type { Description } from "./description.js";
import type { Family, Walk } from "./family.js";

/** parts[0](t) for t < at[0], then parts[1](t - at[0]) for t < at[1], and so on. A sequence in a sequence is merged into it. */
export interface SequenceDescription {
  readonly shape: "sequence";
  readonly parts: readonly Description[];
  /** Where the second part starts, the third, ..., counted from step 0 of the first. */
  readonly at: readonly number[];
}

export const sequenceFamily: Family<SequenceDescription, Description> = {
  shape: "sequence",
  normal(description, walk) {
    checkOptions("then", description, ["shape", "parts", "at"]);
    const { parts, at } = description;
    if (!Array.isArray(parts) || parts.length === 0) throw new UsageError("then: a sequence needs parts, got none; give a list of schedules");
    if (!Array.isArray(at) || at.length !== parts.length - 1) {
      throw new UsageError(`then: a sequence of ${parts.length} parts needs ${parts.length - 1} steps to switch at, got ${Array.isArray(at) ? at.length : "none"}`);
    }
    const flat = { parts: [] as Description[], starts: [] as number[] };
    parts.forEach((part: unknown, i) => append(flat, walk.normal("then", part), i === 0 ? 0 : checkSteps("then", "at", at[i - 1])));
    closeParts(flat.parts, flat.starts, walk);
    return { shape: "sequence", parts: flat.parts, at: flat.starts.slice(1) };
  },
  at({ parts, at }, t, walk) {
    const i = partAt(at, t);
    return walk.at(parts[i]!, i === 0 ? t : t - at[i - 1]!);
  },
  steps: ({ parts, at }, walk) => (at.at(-1) ?? 0) + walk.steps(parts.at(-1)!),
  bound(description, walk) {
    let largest: number | undefined = 0;
    for (const part of description.parts) {
      const bound = walk.bound(part);
      largest = bound === undefined || largest === undefined ? undefined : Math.max(largest, bound);
    }
    return largest;
  },
  nested: ({ parts }) => parts,
  needsStart: ({ parts }, walk) => walk.needsStart(parts[0]!),
  startingFrom: ({ parts, at }, value, walk) => ({ shape: "sequence", parts: [walk.startingFrom(parts[0]!, value), ...parts.slice(1)], at }),
};

/** Adds a schedule that takes over at step `start`: what would have started after that is never reached. */
function append(flat: { parts: Description[]; starts: number[] }, next: Description, start: number): void {
  while (flat.starts.length > 0 && flat.starts.at(-1)! > start) {
    flat.starts.pop();
    flat.parts.pop();
  }
  const inner = next.shape === "sequence" ? next : { parts: [next], at: [] };
  inner.parts.forEach((part, i) => {
    flat.parts.push(part);
    flat.starts.push(i === 0 ? start : checkSteps("then", "at", start + inner.at[i - 1]!));
  });
}

/** Each open part starts at the value of the part before it, as soon as that one is known. */
function closeParts(parts: Description[], starts: readonly number[], walk: Walk<Description>): void {
  for (let i = 1; i < parts.length; i++) {
    const before = parts[i - 1]!;
    if (walk.needsStart(before) || !walk.needsStart(parts[i]!)) continue;
    parts[i] = walk.startingFrom(parts[i]!, walk.at(before, starts[i]! - starts[i - 1]!));
  }
}

/** The last part that has started at step t. */
function partAt(at: readonly number[], t: number): number {
  let [low, high] = [0, at.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (at[middle - 1]! <= t) low = middle;
    else high = middle - 1;
  }
  return low;
}
