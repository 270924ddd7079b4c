// A known schedule fitted to another run: its steps and its rates multiplied, its shape kept.
import { Schedule, type Description } from "../../schedule/index.js";

/** Numbers of steps, by their name in any description. `rise`, shares and powers stay. */
const lengths = ["steps", "warmup", "stable", "decay", "every", "up", "down"];
const times = ["halfLife", "timescale", "period", "start"];
const rates = ["from", "to", "end", "value", "min", "max"];

/** Steps times `time`, rounded to whole ones; rates times `rate`. */
export function stretched(description: Description, time: number, rate: number): Schedule {
  return new Schedule(stretch(description, time, rate));
}

function stretch(description: Description, time: number, rate: number): Description {
  const whole = (steps: number) => Math.round(steps * time);
  const next: Record<string, unknown> = { ...description };
  for (const [name, value] of Object.entries(next)) {
    if (typeof value !== "number") continue;
    if (lengths.includes(name)) next[name] = name === "steps" || name === "every" || name === "up" ? Math.max(Math.min(1, value), whole(value)) : whole(value);
    if (times.includes(name)) next[name] = name === "timescale" ? Math.max(1, value * time) : value * time;
    if (rates.includes(name)) next[name] = round(value * rate);
  }
  switch (description.shape) {
    case "noam":
      // Its peak is scale * (width * warmup)^-0.5.
      return { ...next, shape: "noam", scale: (description.scale ?? 1) * rate * Math.sqrt(Math.max(1, next.warmup as number) / Math.max(1, description.warmup)) } as Description;
    case "exponential":
      return { ...next, ...(description.factor !== undefined && { factor: description.factor ** (1 / time) }) } as Description;
    case "inverseTime":
      return { ...next, rate: description.rate / time } as Description;
    case "multiStep":
      return { ...next, milestones: description.milestones.map(whole) } as unknown as Description;
    case "piecewise":
      return { ...next, points: distinct(description.points.map(([step, value]) => [whole(step), round(value * rate)])) } as unknown as Description;
    case "sequence":
      return { ...next, parts: description.parts.map((part) => stretch(part, time, rate)), at: description.at.map(whole) } as unknown as Description;
    case "product": {
      // One factor carries the rate, the others are about 1.
      const [first, ...factors] = description.factors;
      return { ...next, factors: [stretch(first!, time, rate), ...factors.map((factor) => stretch(factor, time, 1))] } as unknown as Description;
    }
    case "scale":
      return { ...description, of: stretch(description.of, time, rate) };
    case "delay":
    case "clamp":
      return { ...next, of: stretch(description.of, time, rate) } as Description;
    default:
      return next as unknown as Description;
  }
}

function distinct(points: [number, number][]): [number, number][] {
  return points.filter(([step], i) => i === 0 || step > points[i - 1]![0]);
}

/** Without the dust of the multiplication. */
function round(value: number): number {
  return Number(value.toPrecision(12));
}
