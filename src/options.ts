import { UsageError } from "./errors.js";

/** Throws when `options` has a key that is not in `known`: a misspelt option never passes silently. */
export function checkOptions(where: string, options: object | undefined, known: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null) {
    throw new UsageError(`${where}: options must be an object, got ${String(options)}`);
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new UsageError(`${where}: unknown option "${key}"; known options: ${known.join(", ")}`);
    }
  }
}

/** Which numbers an option takes; bounds that are left out do not bind. */
export interface NumberRange {
  min?: number;
  /** Exclusive lower bound. */
  above?: number;
  max?: number;
  /** Exclusive upper bound. */
  below?: number;
  integer?: boolean;
}

/** Throws unless `value` is a finite number in `range`. Returns it, so that a check can stand in an assignment. */
export function checkNumber(where: string, name: string, value: unknown, range: NumberRange = {}): number {
  const fits =
    typeof value === "number" &&
    Number.isFinite(value) &&
    (range.min === undefined || value >= range.min) &&
    (range.above === undefined || value > range.above) &&
    (range.max === undefined || value <= range.max) &&
    (range.below === undefined || value < range.below) &&
    (!range.integer || Number.isInteger(value));
  if (fits) return value as number;
  throw new UsageError(`${where}: ${name} must be ${describeRange(range)}, got ${textOf(value)}`);
}

/** String() throws for an object without a usable toString, and overflows the stack for a deep array. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function describeRange(range: NumberRange): string {
  const parts = [range.integer ? "a whole number" : "a finite number"];
  if (range.min !== undefined) parts.push(`>= ${range.min}`);
  if (range.above !== undefined) parts.push(`> ${range.above}`);
  if (range.max !== undefined) parts.push(`<= ${range.max}`);
  if (range.below !== undefined) parts.push(`< ${range.below}`);
  return parts.length === 1 ? parts[0]! : `${parts[0]} ${parts.slice(1).join(" and ")}`;
}

/** As `checkNumber`, for an epsilon: kernels get it in f32, where a very large number is infinite. */
export function checkEps(where: string, eps: unknown): number {
  const value = checkNumber(where, "eps", eps, { min: 0 });
  if (!Number.isFinite(Math.fround(value))) throw new UsageError(`${where}: eps must be finite in f32, got ${value}; the default is right for most models`);
  return value;
}
