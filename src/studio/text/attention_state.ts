// Where a model looks, as the page asked last.
import { batch, signal } from "@preact/signals";
import { isTask } from "../../data/index.js";
import { worker } from "../client.js";
import { mobyDick } from "../data_sources.js";
import type { AttentionMaps, RunId } from "../protocol.js";
import type { Run } from "../state/runs.js";
import { samplesOf } from "../state/samples.js";
import { taskOf } from "./task_lines.js";

export interface Looked {
  run: RunId;
  /** Steps that the model had taken. */
  step: number;
  text: string;
  maps: AttentionMaps;
}

/** Row i of the map looks at column j. */
export interface Cell {
  i: number;
  j: number;
}

/** As typed; null for a text that suits the data. */
export const typed = signal<string | null>(null);
export const looked = signal<Looked | null>(null);
export const layer = signal(0);
export const head = signal(0);
export const cell = signal<Cell | null>(null);
/** Whether the shown text is read anew after each validation. */
export const asItTrains = signal(false);

/** Characters of a sample: more would make cells too small to point at. */
const mostOfSample = 32;

/** Of a toy task a problem with its answer; of a user's text the beginning of what was written last, whose characters the model knows. */
export function textFor({ record: { id, settings } }: Run): string {
  if (isTask(settings.data)) {
    const { prompt, answer } = taskOf(settings).validationProblem(0);
    return prompt + answer;
  }
  if (settings.data === mobyDick.name) return "Call me Ishmael.";
  return samplesOf(id)[0]?.tokens.map(({ text }) => text).join("").trim().slice(0, mostOfSample) ?? "";
}

export async function look(run: Run): Promise<void> {
  await show(run, typed.value ?? textFor(run));
}

/** The text that is shown, read anew. */
export async function lookAgain(run: Run): Promise<void> {
  if (looked.peek()?.run === run.record.id) await show(run, looked.peek()!.text);
}

async function show({ record: { id, step } }: Run, text: string): Promise<void> {
  const maps = await worker.attention(id, text);
  const seq = maps.tokens.length;
  batch(() => {
    const before = looked.value?.text;
    looked.value = { run: id, step, text, maps };
    layer.value = Math.min(layer.value, maps.weights.length - 1);
    head.value = Math.min(head.value, maps.weights[0]!.length - 1);
    // The cell that somebody looks at stays, as long as it is of the same text.
    if (before !== text || !cell.value || cell.value.i >= seq) cell.value = { i: seq - 1, j: strongest(maps.weights[layer.value]![head.value]!, seq - 1, seq, 1)[0]!.j };
  });
}

/** Where token i looks most, the strongest first. */
export function strongest(weights: ArrayLike<number>, i: number, seq: number, count: number): { j: number; weight: number }[] {
  return Array.from({ length: i + 1 }, (_, j) => ({ j, weight: weights[i * seq + j]! }))
    .sort((a, b) => b.weight - a.weight)
    .slice(0, count);
}
