// What the page asks the model to write, and what it wrote.
import { proxy } from "comlink";
import { signal } from "@preact/signals";
import { worker } from "../client.js";
import type { RunId, SampledToken, SampleRequest } from "../protocol.js";
import { runs, type Run } from "../state/runs.js";

export interface Sample {
  /** Unique in this page. */
  id: number;
  /** Steps that the model had taken. */
  step: number;
  tokens: readonly SampledToken[];
  /** More tokens are coming. */
  writing: boolean;
}

export const request = signal<SampleRequest>({ prompt: "", length: 80, temperature: 0.8, topP: 1, seed: 1 });
/** Whether a text is written after each validation. */
export const asItTrains = signal(true);
/** Of each run, newest first. Gone when the page is left: any of them can be written again. */
export const samples = signal<ReadonlyMap<RunId, readonly Sample[]>>(new Map());
/** The token whose alternatives are shown. */
export const active = signal<{ sample: number; token: number } | null>(null);

const mostKept = 20;
let last = 0;

export function samplesOf(run: RunId): readonly Sample[] {
  return samples.value.get(run) ?? [];
}

/** Writes now, token by token, from the run's weights of this moment. */
export async function writeNow({ record: { id: run, step } }: Run): Promise<void> {
  const { id } = put(run, { step, tokens: [], writing: true });
  try {
    await worker.sample(run, request.value, proxy((token: SampledToken) => change(run, id, ({ tokens }) => ({ tokens: [...tokens, token] }))));
  } finally {
    change(run, id, () => ({ writing: false }));
    // Nothing was written: the error says why.
    if (samplesOf(run).some((sample) => sample.id === id && sample.tokens.length === 0)) keep(run, samplesOf(run).filter((sample) => sample.id !== id));
  }
}

const seen = new WeakSet<object>();

/** Takes over what the worker wrote by itself since the last call, and forgets runs that are gone. */
export function collectSamples(): void {
  for (const [run, { sample }] of runs.value) {
    if (!sample || seen.has(sample)) continue;
    seen.add(sample);
    put(run, { ...sample, writing: false });
  }
  if ([...samples.peek().keys()].some((run) => !runs.value.has(run))) samples.value = new Map([...samples.peek()].filter(([run]) => runs.value.has(run)));
}

function put(run: RunId, sample: Omit<Sample, "id">): Sample {
  const added = { ...sample, id: ++last };
  keep(run, [added, ...(samples.peek().get(run) ?? [])].slice(0, mostKept));
  return added;
}

function change(run: RunId, id: number, changed: (sample: Sample) => Partial<Sample>): void {
  keep(run, (samples.peek().get(run) ?? []).map((sample) => (sample.id === id ? { ...sample, ...changed(sample) } : sample)));
}

function keep(run: RunId, list: readonly Sample[]): void {
  samples.value = new Map(samples.peek()).set(run, list);
}
