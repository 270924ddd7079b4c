// This run against an earlier one, on the same adapter.
import { UsageError } from "../errors.js";
import { keyOf, type Row } from "./row.js";

export interface Comparison {
  key: string;
  before: number;
  now: number;
  unit: string;
  /** now / before. */
  ratio: number;
  /** The interquartile ranges do not touch. */
  isClear: boolean;
}

/**
 * The rows that both have, in the order of `now`.
 *
 * Throws: UsageError where the adapters differ, or nothing was measured in both.
 */
export function compareRows(before: readonly Row[], now: readonly Row[], where = "--compare"): Comparison[] {
  const [then, current] = [adaptersOf(before), adaptersOf(now)];
  if (before.length === 0) throw new UsageError(`${where}: the file has no measurements; make one with kiln bench --json`);
  if (then.join() !== current.join()) {
    throw new UsageError(`${where}: measured on another adapter, got ${then.map(quoted).join(" and ")} for ${current.map(quoted).join(" and ")}; times of two adapters say nothing about the code`);
  }
  // The last of several with the same key is the latest.
  const known = new Map(before.map((row) => [keyOf(row), row]));
  const shared = now.flatMap((row) => {
    const old = known.get(keyOf(row));
    return old && old.median !== null && row.median !== null ? [comparisonOf(old, row)] : [];
  });
  if (shared.length === 0) throw new UsageError(`${where}: the file has none of the measurements of this run; name the same suites and sizes`);
  return shared;
}

function comparisonOf(old: Row, row: Row): Comparison {
  const apart = (low: Row, high: Row) => (low.q3 ?? low.median!) < (high.q1 ?? high.median!);
  return { key: keyOf(row), before: old.median!, now: row.median!, unit: row.unit, ratio: row.median! / old.median!, isClear: apart(old, row) || apart(row, old) };
}

function adaptersOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.map(({ environment }) => environment.adapter))].sort();
}

const quoted = (text: string) => `"${text}"`;
