// Sums over seeds.

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
}

/** Lowest and highest. */
export const spread = (values: readonly number[]): [low: number, high: number] => [Math.min(...values), Math.max(...values)];

/** The mean of the last `count`, for a loss that jumps from batch to batch. NaN where the run ended with one that is not finite. */
export const lastMean = (losses: readonly number[], count: number): number => mean(losses.slice(-count));

/** Every combination of one value of each list, the last list's values changing fastest. */
export function grid<T extends Record<string, readonly (string | number | boolean)[]>>(lists: T): { [K in keyof T]: T[K][number] }[] {
  return Object.entries(lists).reduce<Record<string, unknown>[]>((rows, [name, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))), [{}]) as { [K in keyof T]: T[K][number] }[];
}
