// The same schedule with no rise at its start: what a run needs to show what its warmup was good for.
import type { Description } from "./description.js";
import { Schedule } from "./schedule.js";

/**
 * The schedule whose first rise is taken away: its rate is the peak from step 0 on, and every step after the rise has the rate it had.
 * So two runs that differ only by it differ only in the steps of the warmup. A one-cycle schedule, whose fall begins where its rise
 * ends, falls over all of its steps instead. Null where the schedule does not begin with a rise, or the rise is its whole shape, as
 * in cycles.
 */
export function withoutWarmup(schedule: Schedule): Schedule | null {
  const flat = flattened(schedule.toDescription());
  return flat && new Schedule(flat);
}

function flattened(description: Description): Description | null {
  const peak = peakOfRamp(description);
  if (peak !== null) return { shape: "constant", value: peak };
  switch (description.shape) {
    case "sequence":
      return flattenedSequence(description);
    case "noam":
      return flattenedNoam(description);
    case "warmupStableDecay": {
      const { warmup, stable, from = 0, to } = description;
      return warmup > 0 && from < to ? { ...description, warmup: 0, stable: stable + warmup } : null;
    }
    case "oneCycle": {
      // Without its rise, the second of three phases would have nothing to fall from.
      const { rise = 0.3, from = 0, to, threePhase } = description;
      return rise > 0 && from < to && !threePhase ? { ...description, rise: 0 } : null;
    }
    case "piecewise":
      return flattenedTable(description);
    case "product":
      return flattenedProduct(description);
    case "scale": {
      const inner = description.by > 0 ? flattened(description.of) : null;
      return inner && { ...description, of: inner };
    }
    case "clamp":
    case "delay": {
      const inner = flattened(description.of);
      return inner && { ...description, of: inner };
    }
    default:
      return null;
  }
}

/** Where a shape that only rises arrives; null for all others. */
function peakOfRamp(description: Description): number | null {
  switch (description.shape) {
    case "warmup":
      return description.steps > 0 && (description.from ?? 0) < description.to ? description.to : null;
    case "linear":
    case "cosine":
    case "polynomial": {
      const { from, to = 0, steps } = description;
      return from !== undefined && from < to && steps > 0 ? to : null;
    }
    default:
      return null;
  }
}

/** A warmup may be in several parts, one steeper than the other. */
function flattenedSequence({ shape, parts, at }: Extract<Description, { shape: "sequence" }>): Description | null {
  const peaks = parts.map(peakOfRamp);
  const ramps = peaks.indexOf(null) < 0 ? parts.length : peaks.indexOf(null);
  if (ramps > 0) return { shape, parts: [{ shape: "constant", value: peaks[ramps - 1]! }, ...parts.slice(ramps)], at: at.slice(ramps - 1) };
  const first = flattened(parts[0]!);
  return first && { shape, parts: [first, ...parts.slice(1)], at };
}

/** A power law stays at its first value for `timescale` steps, and is Noam's fall after them. */
function flattenedNoam({ width, warmup, scale = 1 }: Extract<Description, { shape: "noam" }>): Description | null {
  if (warmup <= 1 || scale <= 0) return null;
  return { shape: "powerLaw", from: scale * width ** -0.5 * warmup ** -0.5, power: 0.5, timescale: warmup };
}

/** Before its first point a table holds that point's value. */
function flattenedTable(description: Extract<Description, { shape: "piecewise" }>): Description | null {
  const { points } = description;
  let peak = 0;
  while (peak + 1 < points.length && points[peak + 1]![1] > points[peak]![1]) peak++;
  return peak > 0 ? { ...description, points: points.slice(peak) } : null;
}

function flattenedProduct(description: Extract<Description, { shape: "product" }>): Description | null {
  const flat = description.factors.map(flattened);
  if (flat.every((factor) => factor === null)) return null;
  return { ...description, factors: description.factors.map((factor, i) => flat[i] ?? factor) };
}
