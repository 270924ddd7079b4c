import type { SweepValue } from "./sweep_plan.js";

/** A range this many times its start is looked at by ratios. */
const wide = 4;

/** Where values stand along an axis, from 0 to 1: numbers to scale, on a logarithmic one where they span much; words evenly. */
export function placesOf(values: readonly SweepValue[]): number[] {
  if (values.length < 2) return values.map(() => 0.5);
  const numbers = values.every((value) => typeof value === "number") ? (values as readonly number[]) : values.map((_, i) => i);
  const [min, max] = [Math.min(...numbers), Math.max(...numbers)];
  const turn = min > 0 && max / min >= wide ? Math.log : (value: number) => value;
  return numbers.map((value) => (turn(value) - turn(min)) / (turn(max) - turn(min)));
}
