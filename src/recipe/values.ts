// Values typed as text, for flags, form fields and links, checked as they are parsed. Every message names the setting as its
// place calls it ("--width" or "width"), the value and the way out.
import { UsageError } from "../errors.js";
import type { NumberRange } from "../options.js";

export interface ValueRange extends NumberRange {
  /** A value that works, for the message. */
  example: number;
}

/** A parser of numbers in `range`. */
export function numberOf(name: string, range: ValueRange): (text: string) => number {
  return (text) => {
    const value = /^\s*$/.test(text) ? NaN : Number(text);
    const fits =
      Number.isFinite(value) &&
      (!range.integer || Number.isInteger(value)) &&
      value >= (range.min ?? -Infinity) &&
      value <= (range.max ?? Infinity) &&
      value > (range.above ?? -Infinity) &&
      value < (range.below ?? Infinity);
    if (fits) return value;
    throw new UsageError(`${name}: needs ${describe(range)}, got "${text}"; for example ${name} ${range.example}`);
  };
}

function describe({ integer, min, max, above, below }: ValueRange): string {
  const bounds = [
    above !== undefined && `above ${above}`,
    min !== undefined && `at least ${min}`,
    below !== undefined && `below ${below}`,
    max !== undefined && `at most ${max}`,
  ].filter(Boolean);
  return `a ${integer ? "whole number" : "number"}${bounds.length > 0 ? ` ${bounds.join(" and ")}` : ""}`;
}

/** A parser of one of `choices`. */
export function choiceOf<const T extends string>(name: string, choices: readonly T[]): (text: string) => T {
  return (text) => {
    if ((choices as readonly string[]).includes(text)) return text as T;
    throw new UsageError(`${name}: unknown value, got "${text}"; use ${choices.join(", ")}`);
  };
}

/** A parser of two numbers in [0, 1), such as "0.9,0.99". */
export function betasOf(name: string): (text: string) => [number, number] {
  return (text) => {
    const values = text.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
    if (values.length === 2 && values.every((value) => value >= 0 && value < 1)) return [values[0]!, values[1]!];
    throw new UsageError(`${name}: needs two numbers from 0 to below 1 with a comma between, got "${text}"; for example ${name} 0.9,0.99`);
  };
}
