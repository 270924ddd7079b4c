// What models wrote, of each run, newest first: while it trained, as the worker told, and when the user asked.
import { signal } from "@preact/signals";
import type { RunId, SampledToken, TrainingSample } from "../protocol.js";

export interface Sample {
  /** Unique in this page. */
  id: number;
  /** Steps that the model had taken. */
  step: number;
  tokens: readonly SampledToken[];
  /** More tokens are coming. */
  writing: boolean;
  /** Written while the run trained, and stored with it. What was asked for is gone when the page is left: it can be asked for again. */
  trained: boolean;
}

export const samples = signal<ReadonlyMap<RunId, readonly Sample[]>>(new Map());

const mostKept = 20;
let last = 0;

export function samplesOf(run: RunId): readonly Sample[] {
  return samples.value.get(run) ?? [];
}

/** Before the first token of a text that was asked for. */
export function beginSample(run: RunId, step: number): Sample {
  const begun = { id: ++last, step, tokens: [], writing: true, trained: false };
  keep(run, [begun, ...known(run)]);
  return begun;
}

export function changeSample(run: RunId, id: number, changed: (sample: Sample) => Partial<Sample>): void {
  keep(run, known(run).map((sample) => (sample.id === id ? { ...sample, ...changed(sample) } : sample)));
}

export function dropSample(run: RunId, id: number): void {
  keep(run, known(run).filter((sample) => sample.id !== id));
}

/** What the worker told. A step that was taken again wrote its text again. */
export function addSample(run: RunId, { step, tokens }: TrainingSample): void {
  keep(run, [trained(step, tokens), ...known(run).filter((sample) => !(sample.trained && sample.step === step))]);
}

/** What the storage has of a run, newest first: older than all that this page has seen being written. */
export function addStored(run: RunId, stored: readonly TrainingSample[]): void {
  const seen = new Set(known(run).filter((sample) => sample.trained).map(({ step }) => step));
  keep(run, [...known(run), ...stored.filter(({ step }) => !seen.has(step)).map(({ step, tokens }) => trained(step, tokens))]);
}

/** The run went back: what it wrote after `step` is void. */
export function rewindSamples(run: RunId, step: number): void {
  keep(run, known(run).filter((sample) => !sample.trained || sample.step <= step));
}

export function forgetSamples(run: RunId): void {
  samples.value = new Map([...samples.peek()].filter(([other]) => other !== run));
}

function known(run: RunId): readonly Sample[] {
  return samples.peek().get(run) ?? [];
}

function trained(step: number, tokens: readonly SampledToken[]): Sample {
  return { id: ++last, step, tokens, writing: false, trained: true };
}

function keep(run: RunId, list: readonly Sample[]): void {
  samples.value = new Map(samples.peek()).set(run, list.slice(0, mostKept));
}
