// Schedules written as text: the TypeScript API itself, parsed by jsep and evaluated against a list of known names. Nothing
// else can be reached: no variables, no properties but those listed, no functions of the user's own.
import objects from "@jsep-plugin/object";
import jsep from "jsep";
import { UsageError } from "../errors.js";
import * as catalogue from "../schedule/index.js";
import { asSchedule, fromJSON, Schedule } from "../schedule/index.js";

jsep.plugins.register(objects);

type Value = number | string | boolean | null | Schedule | Value[] | { [name: string]: Value };
type Maker = (...args: never[]) => Value;

const makerNames = [
  "warmup", "noam", "warmupStableDecay", "constant", "linear", "cosine", "polynomial", "exponential", "inverseTime", "powerLaw", "inverseSqrt",
  "step", "multiStep", "cosineRestarts", "warmRestarts", "cosineWave", "oneCycle", "cyclic", "piecewise", "oscillation",
  "StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "ExponentialLR", "PolynomialLR", "CosineAnnealingLR",
  "CosineAnnealingWarmRestarts", "OneCycleLR", "CyclicLR", "SequentialLR", "ChainedScheduler", "getScheduler",
  "getConstantSchedule", "getConstantScheduleWithWarmup", "getLinearScheduleWithWarmup", "getCosineScheduleWithWarmup",
  "getCosineWithHardRestartsScheduleWithWarmup", "getPolynomialDecayScheduleWithWarmup", "getInverseSqrtSchedule",
  "getCosineWithMinLrScheduleWithWarmup", "getCosineWithMinLrScheduleWithWarmupLrRate", "getWsdSchedule", "scaleForBatch",
] as const satisfies readonly (keyof typeof catalogue)[];
const makers: ReadonlyMap<string, Maker> = new Map(makerNames.map((name) => [name, catalogue[name] as unknown as Maker]));
const methods = ["then", "times", "scale", "delay", "clamp"] as const;
/** What OneCycleLR and CyclicLR give. */
const parts = ["lr", "momentum"] as const;
const binary: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "**": (a, b) => a ** b,
};
const example = "cosine({ from: 1e-3, steps: 1000 })";
const maxLength = 10_000;
const maxDepth = 200;

/** Every name an expression may call. */
export const expressionNames: readonly string[] = makerNames;

/**
 * The schedule of an expression such as `warmup({ steps: 100, to: 1e-3 }).then(cosine({ steps: 900 }))`, a number, or
 * the JSON of `schedule.toJSON()`.
 *
 * Throws: UsageError that names the place, the name and the nearest known one; or what the constructor itself throws.
 */
export function parseSchedule(text: string): Schedule {
  if (text.length > maxLength) throw new UsageError(`schedule: the expression is too long, got ${text.length} characters of at most ${maxLength}; save it as JSON`);
  if (text.trim() === "") throw new UsageError(`schedule: the expression is empty, got "${text}"; for example ${example}`);
  const json = parseJson(text);
  if (json !== undefined) return fromJSON(json);
  const value = new Evaluator(text).evaluate(parse(text), 0);
  const schedule = isParts(value) ? value.lr : value;
  if (typeof schedule !== "number" && !(schedule instanceof Schedule)) throw new UsageError(`schedule: the expression is no schedule, got ${describeValue(value)}; for example ${example}`);
  return asSchedule(schedule);
}

/** undefined for what is not the JSON of an object with a shape. */
function parseJson(text: string): unknown {
  if (!/^\s*\{\s*"/.test(text)) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new UsageError(`schedule: not valid JSON, got ${(error as Error).message}; an expression does not start with {`, { cause: error });
  }
}

function parse(text: string): jsep.Expression {
  try {
    return jsep(text);
  } catch (error) {
    const { index, description } = error as { index?: number; description?: string };
    if (error instanceof RangeError) throw new UsageError("schedule: the expression is nested too deeply", { cause: error });
    throw new UsageError(`schedule: cannot read the expression${index === undefined ? "" : ` at column ${index + 1}`}, got ${description ?? (error as Error).message}`, { cause: error });
  }
}

class Evaluator {
  constructor(private readonly text: string) {}

  evaluate(node: jsep.Expression, depth: number): Value {
    if (depth > maxDepth) throw new UsageError(`schedule: the expression is nested more than ${maxDepth} deep; chain with .then()`);
    const next = (inner: unknown) => this.evaluate(inner as jsep.Expression, depth + 1);
    switch (node.type) {
      case "Literal":
        return node.value as Value;
      case "Identifier":
        if (node.name === "Infinity") return Infinity;
        throw this.unknown("name", node.name as string, [], makers.has(node.name as string) ? `call it: ${String(node.name)}(...)` : "");
      case "ArrayExpression":
        return (node.elements as jsep.Expression[]).map(next);
      case "ObjectExpression":
        return this.object(node.properties as unknown as { key: jsep.Expression; value?: jsep.Expression; computed: boolean }[], next);
      case "UnaryExpression":
        return this.unary(node.operator as string, next(node.argument));
      case "BinaryExpression":
        return this.binary(node.operator as string, next(node.left), next(node.right));
      case "CallExpression":
        return this.call(node.callee as jsep.Expression, (node.arguments as jsep.Expression[]).map(next), next);
      case "MemberExpression":
        return this.part(next(node.object), node);
      default:
        throw new UsageError(`schedule: an expression has calls, numbers, arrays and objects only, got ${node.type === "Compound" ? "several expressions" : node.type}`);
    }
  }

  private object(properties: readonly { key: jsep.Expression; value?: jsep.Expression; computed: boolean }[], next: (node: unknown) => Value): Value {
    // fromEntries makes own properties: a key such as __proto__ reaches no prototype, and the constructor refuses it.
    return Object.fromEntries(
      properties.map(({ key, value, computed }) => {
        if (!key || computed || !value) throw new UsageError("schedule: an object is written { name: value, ... }");
        const name = key.type === "Identifier" ? (key.name as string) : String(key.value);
        return [name, next(value)];
      }),
    );
  }

  private unary(operator: string, value: Value): Value {
    if (typeof value === "number" && operator === "-") return -value;
    if (typeof value === "number" && operator === "+") return value;
    throw new UsageError(`schedule: cannot compute ${operator} of ${describeValue(value)}`);
  }

  private binary(operator: string, left: Value, right: Value): Value {
    const compute = Object.hasOwn(binary, operator) ? binary[operator]! : undefined;
    if (!compute || typeof left !== "number" || typeof right !== "number") {
      throw new UsageError(`schedule: cannot compute ${describeValue(left)} ${operator} ${describeValue(right)}; schedules have .scale(), .times() and .then()`);
    }
    return compute(left, right);
  }

  private call(callee: jsep.Expression, args: Value[], next: (node: unknown) => Value): Value {
    if (callee.type === "Identifier") {
      const maker = makers.get(callee.name as string);
      if (!maker) throw this.unknown("function", callee.name as string, makerNames, callee.name === "lambda" || callee.name === "LambdaLR" ? "a function of your own cannot be written as text; use piecewise" : "");
      return maker(...(args as never[]));
    }
    const target = callee.type === "MemberExpression" ? next(callee.object) : null;
    const name = callee.type === "MemberExpression" && !callee.computed ? (callee.property as { name: string }).name : "";
    if (!(target instanceof Schedule)) throw new UsageError(`schedule: only schedules have methods, got ${describeValue(target)}${name && `.${name}(...)`}`);
    if (callee.type === "MemberExpression" && callee.computed) throw new UsageError("schedule: a method is written .then(...), got one in brackets");
    if (!(methods as readonly string[]).includes(name)) throw this.unknown("method", name, methods);
    return (target[name as (typeof methods)[number]] as Maker).call(target, ...(args as never[]));
  }

  private part(target: Value, node: jsep.Expression): Value {
    const name = node.computed ? "" : (node.property as { name: string }).name;
    if (isParts(target) && (parts as readonly string[]).includes(name)) return target[name as "lr"] ?? null;
    throw this.unknown("property", name, isParts(target) ? parts : methods);
  }

  private unknown(kind: string, name: string, known: readonly string[], advice = ""): UsageError {
    const column = this.text.search(new RegExp(`(?<![\\w$])${name.replace(/\$/g, "\\$")}(?![\\w$])`)) + 1;
    const near = nearest(name, known);
    return new UsageError(`schedule: unknown ${kind} "${name}"${column > 0 ? ` at column ${column}` : ""}${advice ? `; ${advice}` : near ? `; did you mean ${near}?` : known.length > 0 ? `; known: ${known.join(", ")}` : ""}`);
  }
}

function isParts(value: Value): value is { lr: Schedule } {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Schedule) && value.lr instanceof Schedule;
}

function describeValue(value: Value): string {
  if (value instanceof Schedule) return "a schedule";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : JSON.stringify(value);
}

/** The known name at most two letters, or a third of them, away. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const scored = known.map((one) => ({ one, away: distance(name.toLowerCase(), one.toLowerCase()) })).sort((a, b) => a.away - b.away);
  return scored[0] && scored[0].away <= Math.max(2, scored[0].one.length / 3) ? scored[0].one : undefined;
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 20) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
