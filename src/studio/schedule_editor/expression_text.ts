// A schedule as the expression that makes it, for `kiln schedule`, `kiln train --schedule` and the studio alike.
import type { Description } from "../../schedule/index.js";

type Of<Shape> = Extract<Description, { shape: Shape }>;

/**
 * The expression whose parse evaluates to the same bits at every step. Numbers print as the shortest text that reads back as
 * the same float64. A schedule of a user's own function has none.
 */
export function expressionText(description: Description): string {
  switch (description.shape) {
    case "sequence":
      return sequenceText(description);
    case "product":
      return description.factors.map(expressionText).reduce((text, factor) => `${text}.times(${factor})`);
    case "scale":
      return `${expressionText(description.of)}.scale(${description.by})`;
    case "delay":
      return `${expressionText(description.of)}.delay(${description.steps}${description.value === undefined ? "" : `, { value: ${description.value} }`})`;
    case "clamp":
      return `${expressionText(description.of)}.clamp(${valueText({ min: description.min, max: description.max })})`;
    case "lambda":
      throw new TypeError("expressionText: a function of the user's own has no text");
    default:
      return leafText(description);
  }
}

/** Each part after the first with the step it starts at: what the part before it would end at depends on its bits. */
function sequenceText({ parts, at }: Of<"sequence">): string {
  return parts.map(expressionText).reduce((text, part, i) => `${text}.then(${part}, { at: ${at[i - 1]} })`);
}

/** A shape of the catalogue, which is called by its own name. Options at their defaults are left out. */
export function leafText(description: Description): string {
  const { shape, ...options } = description;
  if (description.shape === "constant") return callText("constant", String(description.value), { steps: description.steps });
  if (description.shape === "piecewise") return callText("piecewise", valueText(description.points), withoutDefaults("piecewise", { interpolation: description.interpolation }));
  return `${shape}(${valueText(withoutDefaults(shape, options))})`;
}

function callText(name: string, first: string, options: object): string {
  const text = valueText(options);
  return `${name}(${first}${text === "{}" ? "" : `, ${text}`})`;
}

/** What the constructors fill in where it is missing, whatever else is given. */
const defaults: { readonly [Shape in Description["shape"]]?: Readonly<Record<string, unknown>> } = {
  warmup: { convention: "huggingface", curve: "linear" },
  noam: { scale: 1 },
  warmupStableDecay: { end: 0, convention: "huggingface", warmupCurve: "linear", decayCurve: "linear" },
  linear: { to: 0 },
  cosine: { to: 0 },
  polynomial: { to: 0, power: 1 },
  inverseTime: { power: 1 },
  powerLaw: { timescale: 1 },
  cosineRestarts: { to: 0, cycles: 1 },
  warmRestarts: { to: 0, multiply: 1 },
  cosineWave: { to: 0, start: 0 },
  oneCycle: { rise: 0.3, curve: "cosine", threePhase: false },
  cyclic: { mode: "triangular" },
  piecewise: { interpolation: "linear" },
};

function withoutDefaults(shape: Description["shape"], options: object): object {
  const known = defaults[shape] ?? {};
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => known[name] !== value && !startsAtZero(shape, name, value, options)));
}

/** A warmup from 0 says nothing of it, unless its convention or curve has another default. */
function startsAtZero(shape: Description["shape"], name: string, value: unknown, options: { convention?: unknown; curve?: unknown; warmupCurve?: unknown }): boolean {
  return (shape === "warmup" || shape === "warmupStableDecay") && name === "from" && value === 0 && options.convention !== "pytorch" && (options.curve ?? options.warmupCurve) !== "constant";
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(", ")}]`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return entries.length === 0 ? "{}" : `{ ${entries.map(([name, inner]) => `${name}: ${valueText(inner)}`).join(", ")} }`;
}
