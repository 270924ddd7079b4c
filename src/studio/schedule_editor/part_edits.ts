// Changes of a chain of parts that a person means by what they do to one of them.
import { Schedule, type Description } from "../../schedule/index.js";
import { scheduleOfPieces, startsOf, type Modifier, type Part, type Pieces } from "./pieces.js";

/** Where a part ends by itself: Infinity for one that does not. */
function endOf(pieces: Pieces, index: number): number {
  const chain = scheduleOfPieces({ parts: pieces.parts.slice(0, index + 1), over: [] });
  return chain.steps;
}

/**
 * The pieces with another base of one part. A part that follows keeps its end: a longer warmup leaves less for the decay, and
 * does not push it out of the run.
 */
export function withBase(pieces: Pieces, index: number, base: Description): Pieces {
  const parts = pieces.parts.map((part, i) => (i === index ? { ...part, base } : part));
  const next = parts[index + 1];
  const changed = { ...pieces, parts };
  if (!next || next.at !== null || !("steps" in next.base) || typeof next.base.steps !== "number") return changed;
  const longer = endOf(changed, index) - endOf(pieces, index);
  if (!Number.isFinite(longer) || longer === 0) return changed;
  const shortened = { ...next.base, steps: Math.max(1, next.base.steps - longer) } as Description;
  return { ...pieces, parts: parts.map((part, i) => (i === index + 1 ? { ...part, base: shortened } : part)) };
}

/** The pieces with something else done to one part. A factor without an end would leave the next part without a start: it keeps the one it has. */
export function withModifiers(pieces: Pieces, index: number, modifiers: readonly Modifier[]): Pieces {
  const starts = startsOf(pieces);
  const parts = pieces.parts.map((part, i) => (i === index ? { ...part, modifiers } : part));
  const next = parts[index + 1];
  if (!next || next.at !== null || endOf({ ...pieces, parts }, index) !== Infinity) return { ...pieces, parts };
  return { ...pieces, parts: parts.map((part, i) => (i === index + 1 ? { ...part, at: starts[i]! } : part)) };
}

/** One more part at the end. One that never ends is cut off for it in the middle of what the run still has, or after its first half. */
export function withPart(pieces: Pieces, base: Description, steps: number): Pieces {
  const last = pieces.parts.length - 1;
  const end = endOf(pieces, last);
  const start = startsOf(pieces)[last]!;
  const at = end < steps ? null : Math.max(start + 1, Math.round((start + steps) / 2));
  const part: Part = { base: fitted(base, steps - (at ?? end)), modifiers: [], at };
  return { ...pieces, parts: [...pieces.parts, part] };
}

function fitted(base: Description, left: number): Description {
  return "steps" in base && typeof base.steps === "number" && base.steps > left ? ({ ...base, steps: Math.max(1, left) } as Description) : base;
}

/** Without one part. What comes first then needs a start of its own. */
export function withoutPart(pieces: Pieces, index: number, peak: number): Pieces {
  const parts = pieces.parts.filter((_, i) => i !== index);
  const [first, ...rest] = parts;
  if (!first) return pieces;
  const opened = new Schedule(first.base).isOpen ? ({ ...first.base, from: peak } as Description) : first.base;
  return { ...pieces, parts: [{ ...first, base: opened, at: null }, ...rest.map((part, i) => (i === 0 && index === 0 ? { ...part, at: null } : part))] };
}

/** A table with one more point in the middle of its longest line. */
export function withPoint(base: Extract<Description, { shape: "piecewise" }>): Description {
  const { points } = base;
  const last = points[points.length - 1]!;
  let widest = 0;
  for (let i = 1; i + 1 < points.length; i++) if (points[i + 1]![0] - points[i]![0] > points[widest + 1]![0] - points[widest]![0]) widest = i;
  const [from, to] = [points[widest]!, points[widest + 1] ?? [last[0] + 2, last[1]]];
  const middle = Math.round((from[0] + to[0]) / 2);
  if (middle === from[0] || middle === to[0]) return { ...base, points: [...points, [last[0] + 1, last[1]]] };
  return { ...base, points: [...points.slice(0, widest + 1), [middle, new Schedule(base).at(middle)], ...points.slice(widest + 1)] };
}

/** A table without one of its points; the last one stays. */
export function withoutPoint(base: Extract<Description, { shape: "piecewise" }>, index: number): Description {
  return base.points.length === 1 ? base : { ...base, points: base.points.filter((_, i) => i !== index) };
}
