// What becomes of a schedule that is continued for ever: decided from its description, not from samples.
import { walk, type Description } from "./description.js";

/**
 * How a schedule ends: at 0; at or about a positive value; falling as t^-power; falling by `factor` a step; or not to be told
 * from its description, as of a user's own function.
 */
export type Tail =
  | { readonly kind: "zero" }
  | { readonly kind: "positive"; readonly periodic: boolean }
  | { readonly kind: "power"; readonly power: number }
  | { readonly kind: "exponential"; readonly factor: number }
  | { readonly kind: "unknown" };

const zero: Tail = { kind: "zero" };
const unknown: Tail = { kind: "unknown" };
const wave: Tail = { kind: "positive", periodic: true };

/** The tail of a closed description. */
export function tailOf(description: Description): Tail {
  const steps = walk.steps(description);
  if (steps !== Infinity) return tailOfValue(walk.at(description, steps));
  switch (description.shape) {
    case "constant":
      return tailOfValue(description.value);
    case "noam":
    case "inverseSqrt":
      return { kind: "power", power: 0.5 };
    case "inverseTime":
      return signed(description.from, { kind: "power", power: description.power ?? 1 });
    case "powerLaw":
      return signed(description.from, { kind: "power", power: description.power });
    case "exponential":
      return signed(description.from, { kind: "exponential", factor: description.factor ?? 2 ** (-1 / description.halfLife!) });
    case "step":
      return signed(description.from, { kind: "exponential", factor: description.factor ** (1 / description.every) });
    case "warmRestarts":
    case "cosineWave":
      return waveOf(description.from, description.to ?? 0);
    case "cyclic":
      return cyclicTail(description.from ?? 0, description.to, description.mode, description.factor);
    case "oscillation":
      return wave;
    case "sequence":
      return tailOf(description.parts[description.parts.length - 1]!);
    case "delay":
      return tailOf(description.of);
    case "scale":
      return description.by > 0 ? tailOf(description.of) : description.by === 0 ? zero : unknown;
    case "clamp":
      return clampedTail(description.min, description.max, description.of);
    case "product":
      return description.factors.map(tailOf).reduce(times);
    default:
      return unknown;
  }
}

function tailOfValue(value: number): Tail {
  if (value === 0) return zero;
  return value > 0 ? { kind: "positive", periodic: false } : unknown;
}

function signed(from: number | undefined, tail: Tail): Tail {
  return from === 0 ? zero : from !== undefined && from > 0 ? tail : unknown;
}

function waveOf(from: number | undefined, to: number): Tail {
  if (from === undefined || from < 0 || to < 0) return unknown;
  return from === 0 && to === 0 ? zero : wave;
}

/** The height above `from` shrinks in the modes triangular2, by half a cycle, and exp_range, by `factor` a step. */
function cyclicTail(from: number, to: number, mode: string | undefined, factor: number | undefined): Tail {
  if (from < 0 || to < 0) return unknown;
  if (mode === "exp_range" && from === 0 && factor! < 1) return { kind: "exponential", factor: factor! };
  if (mode === "triangular2" && from === 0) return unknown;
  return from === 0 && to === 0 ? zero : wave;
}

function clampedTail(min: number | undefined, max: number | undefined, of: Description): Tail {
  if (max !== undefined && max <= 0) return max === 0 && (min === undefined || min === 0) ? zero : unknown;
  if (min !== undefined && min > 0) return { kind: "positive", periodic: true };
  return tailOf(of);
}

function times(a: Tail, b: Tail): Tail {
  if (a.kind === "zero" || b.kind === "zero") return zero;
  if (a.kind === "unknown" || b.kind === "unknown") return unknown;
  if (a.kind === "exponential" && b.kind === "exponential") return { kind: "exponential", factor: a.factor * b.factor };
  if (a.kind === "exponential") return a;
  if (b.kind === "exponential") return b;
  if (a.kind === "power") return b.kind === "power" ? { kind: "power", power: a.power + b.power } : a;
  if (b.kind === "power") return b;
  // Two waves may be 0 in turns.
  return a.periodic && b.periodic ? unknown : { kind: "positive", periodic: a.periodic || b.periodic };
}
