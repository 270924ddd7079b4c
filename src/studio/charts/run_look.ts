// How the runs that are drawn are told apart: a colour and a dash each, which a run keeps for as long as it is drawn.
import { computed } from "@preact/signals";
import type { RunId } from "../protocol.js";
import { drawn } from "../state/runs.js";

export interface RunLook {
  /** From 0. */
  slot: number;
  /** A custom property of theme.css. */
  color: `--run-${number}`;
  /** Lengths of dashes and gaps in pixels; empty for a solid line. */
  dash: readonly number[];
}

const colors = 8;
const dashes: readonly (readonly number[])[] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [14, 4], [2, 6], [10, 3, 2, 3, 2, 3], [4, 4, 1, 4]];

export function lookOfSlot(slot: number): RunLook {
  return { slot, color: `--run-${1 + (slot % colors)}`, dash: dashes[slot % dashes.length]! };
}

/** Runs that had a slot keep it, others get the lowest that is free. */
export function assignSlots(before: ReadonlyMap<RunId, number>, runs: readonly RunId[]): Map<RunId, number> {
  const slots = new Map(runs.filter((run) => before.has(run)).map((run) => [run, before.get(run)!]));
  const taken = new Set(slots.values());
  for (const run of runs) {
    if (slots.has(run)) continue;
    let slot = 0;
    while (taken.has(slot)) slot++;
    taken.add(slot);
    slots.set(run, slot);
  }
  return slots;
}

let slots: Map<RunId, number> = new Map();

/** Of the runs in `drawn`, for charts, legends and tables. */
export const runLooks = computed<ReadonlyMap<RunId, RunLook>>(() => {
  slots = assignSlots(slots, drawn.value.map(({ record }) => record.id));
  return new Map([...slots].map(([run, slot]) => [run, lookOfSlot(slot)]));
});
