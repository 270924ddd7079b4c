// Points of a part that can be dragged: where each is, and what the part becomes when it is moved.
import { Schedule, type Description } from "../../schedule/index.js";
import type { Modifier } from "./pieces.js";

export interface Handle {
  id: string;
  label: string;
  /** Counted from the start of the part, before its modifiers. */
  t: number;
  value: number;
  moves: "both" | "steps" | "rate";
  /** The part with the handle there, or near it. May be a description that no schedule can have. */
  drag: (t: number, value: number) => Description;
}

type Write = (changes: Record<string, unknown>) => Description;

/**
 * The handles of a part. `base` is the part as it is written, whose open `from` stays open; `closed` is the same with its
 * `from`. `horizon`: steps of the part that the plot shows.
 */
export function handlesOf(base: Description, closed: Description, horizon: number): Handle[] {
  const write: Write = (changes) => ({ ...base, ...changes }) as unknown as Description;
  const handles = shapeHandles(closed, write, horizon);
  // Where the part follows another, its start is that one's end.
  return "from" in closed && !("from" in base) ? handles.filter(({ id }) => id !== "start") : handles;
}

function shapeHandles(d: Description, write: Write, horizon: number): Handle[] {
  const start: Handle = { id: "start", label: "start", t: 0, value: ("from" in d ? d.from : undefined) ?? 0, moves: "rate", drag: (_, from) => write({ from }) };
  const handle = (id: string, label: string, t: number, value: number, moves: Handle["moves"], changes: (t: number, value: number) => Record<string, unknown>): Handle => ({
    id, label, t, value, moves, drag: (at, to) => write(changes(Math.max(0, Math.round(at)), to)),
  });
  const arrival = (to: number, length: number) => handle("end", "end", length, to, "both", (steps, value) => ({ steps: Math.max(1, steps), to: value }));
  switch (d.shape) {
    case "constant":
      if (d.steps === undefined) return [handle("level", "level", horizon / 2, d.value, "rate", (_, value) => ({ value }))];
      return [handle("end", "end of the plateau", d.steps, d.value, "both", (steps, value) => ({ steps, value }))];
    case "warmup":
      return [start, handle("peak", "peak", d.steps, d.to, "both", (steps, to) => ({ steps, to }))];
    case "linear":
    case "cosine":
    case "polynomial":
    case "cosineRestarts":
      return [start, arrival(d.to ?? 0, d.steps)];
    case "noam": {
      const unit = (t: number) => d.width ** -0.5 * (t + 1) ** -0.5;
      const top = Math.max(0, d.warmup - 1);
      return [handle("peak", "peak", top, (d.scale ?? 1) * unit(top), "both", (t, value) => ({ warmup: t + 1, scale: value / unit(t) }))];
    }
    case "warmupStableDecay": {
      const [levelEnd, end] = [d.warmup + d.stable, d.warmup + d.stable + d.decay];
      return [
        start,
        handle("peak", "end of the warmup", d.warmup, d.to, "both", (t, to) => ({ warmup: Math.min(t, levelEnd), stable: Math.max(0, levelEnd - t), to })),
        handle("level", "end of the plateau", levelEnd, d.to, "both", (t, to) => ({ stable: Math.max(0, Math.min(t, end) - d.warmup), decay: Math.max(0, end - Math.max(t, d.warmup)), to })),
        handle("end", "end of the decay", end, d.end ?? 0, "both", (t, value) => ({ decay: Math.max(0, t - levelEnd), end: value })),
      ];
    }
    case "oneCycle":
      return [
        start,
        handle("peak", "peak", Math.max(0, (d.rise ?? 0.3) * d.steps - 1), d.to, "both", (t, to) => ({ rise: Math.min(1, (t + 1) / d.steps), to })),
        handle("end", "end", d.steps - 1, d.end ?? 0, "both", (t, end) => ({ steps: t + 1, end })),
      ];
    case "exponential":
      return [start, ...exponentialHandles(d, handle, horizon)];
    case "inverseTime": {
      const halving = 2 ** (1 / (d.power ?? 1)) - 1;
      return d.rate > 0 ? [start, handle("half", "half of the start", halving / d.rate, start.value / 2, "steps", (t) => ({ rate: halving / Math.max(1, t) }))] : [start];
    }
    case "powerLaw":
      return [start, handle("timescale", "where it begins to fall", (d.timescale ?? 1) - 1, start.value, "steps", (t) => ({ timescale: t + 1 }))];
    case "inverseSqrt":
      return [start, handle("timescale", "0.71 of the start", d.timescale, start.value / Math.SQRT2, "steps", (t) => ({ timescale: Math.max(1, t) }))];
    case "step":
      return [start, handle("stair", "first stair", d.every, start.value * d.factor, "both", (t, value) => ({ every: Math.max(1, t), ...(start.value > 0 && { factor: value / start.value }) }))];
    case "multiStep":
      return [start, ...d.milestones.map((milestone, i) => handle(`stair ${i + 1}`, `stair ${i + 1}`, milestone, start.value * d.factor ** (i + 1), "both", (t, value) => ({
        milestones: d.milestones.map((other, k) => (k === i ? between(t, d.milestones[i - 1] ?? 0, d.milestones[i + 1] ?? Infinity) : other)),
        ...(start.value > 0 && { factor: (value / start.value) ** (1 / (i + 1)) }),
      })))];
    case "warmRestarts":
      return [start, handle("end", "end of the first cycle", d.steps, d.to ?? 0, "both", (t, to) => ({ steps: Math.max(1, t), to }))];
    case "cosineWave": {
      const begun = d.start ?? 0;
      const trough = handle("trough", "bottom", d.period / 2 - begun, d.to ?? 0, "both", (t, to) => ({ period: Math.max(1, 2 * (t + begun)), to }));
      return trough.t >= 0 ? [start, trough] : [start];
    }
    case "cyclic": {
      const down = d.down ?? d.up;
      return [start, handle("peak", "top", d.up, d.to, "both", (t, to) => ({ up: Math.max(1, t), down, to })), handle("end", "end of the first cycle", d.up + down, start.value, "steps", (t) => ({ down: Math.max(0, t - d.up) }))];
    }
    case "piecewise":
      return d.points.map(([step, value], i) => handle(`point ${i + 1}`, `point ${i + 1}`, step, value, "both", (t, to) => ({
        points: d.points.map((point, k) => (k === i ? [between(t, (d.points[i - 1]?.[0] ?? -1) + 1, (d.points[i + 1]?.[0] ?? Infinity) - 1), to] : point)),
      })));
    default:
      return [];
  }
}

function exponentialHandles(d: Extract<Description, { shape: "exponential" }>, handle: (id: string, label: string, t: number, value: number, moves: Handle["moves"], changes: (t: number, value: number) => Record<string, unknown>) => Handle, horizon: number): Handle[] {
  const { from = 0, to, factor, halfLife, steps } = d;
  const falls = factor === undefined || factor < 1;
  const half = halfLife ?? (factor === 1 ? Infinity : Math.abs(1 / Math.log2(factor!)));
  const handles: Handle[] = [];
  if (Number.isFinite(half)) {
    handles.push(handle("half", falls ? "half of the start" : "twice the start", half, falls ? from / 2 : from * 2, "steps", (t) => {
      const life = Math.max(1, t);
      return factor === undefined ? { halfLife: life } : { factor: 2 ** ((falls ? -1 : 1) / life) };
    }));
  }
  if (steps !== undefined) handles.push(handle("end", "where it stops", steps, new Schedule(d).at(steps), "steps", (t) => ({ steps: t })));
  if (to !== undefined) handles.push(handle("floor", falls ? "floor" : "ceiling", horizon, to, "rate", (_, value) => ({ to: value })));
  return handles;
}

function between(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}

/** Where a point of a part is after its modifiers: handles lie on the curve that they move. A clamp moves none. */
export function throughModifiers(modifiers: readonly Modifier[], t: number, value: number): [number, number] {
  return modifiers.reduce<[number, number]>(([at, now], modifier) => {
    if (modifier.kind === "scale") return [at, now * modifier.by];
    if (modifier.kind === "times") return [at, now * factorAt(modifier.by, at)];
    return modifier.kind === "delay" ? [at + modifier.steps, now] : [at, now];
  }, [t, value]);
}

/** The point that `throughModifiers` brings to (t, value); as it is where a factor is 0. */
export function beforeModifiers(modifiers: readonly Modifier[], t: number, value: number): [number, number] {
  return modifiers.reduceRight<[number, number]>(([at, now], modifier) => {
    if (modifier.kind === "scale") return [at, now / (modifier.by || 1)];
    if (modifier.kind === "times") return [at, now / (factorAt(modifier.by, at) || 1)];
    return modifier.kind === "delay" ? [Math.max(0, at - modifier.steps), now] : [at, now];
  }, [t, value]);
}

function factorAt(factor: Description, t: number): number {
  const schedule = new Schedule(factor);
  return schedule.isOpen ? 1 : schedule.at(Math.max(0, t));
}
