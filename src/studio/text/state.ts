// What the page asks of the model to write.
import { proxy } from "comlink";
import { signal } from "@preact/signals";
import { worker } from "../client.js";
import type { SampledToken, SampleRequest } from "../protocol.js";
import type { Run } from "../state/runs.js";
import { beginSample, changeSample, dropSample, samplesOf } from "../state/samples.js";

export const request = signal<SampleRequest>({ prompt: "", length: 80, temperature: 0.8, topP: 1, seed: 1 });
/** Whether a text is written after each validation. */
export const asItTrains = signal(true);
/** The token whose alternatives are shown. */
export const active = signal<{ sample: number; token: number } | null>(null);

/** Writes now, token by token, from the run's weights of this moment. */
export async function writeNow({ record: { id: run, step } }: Run): Promise<void> {
  const { id } = beginSample(run, step);
  try {
    await worker.sample(run, request.value, proxy((token: SampledToken) => changeSample(run, id, ({ tokens }) => ({ tokens: [...tokens, token] }))));
  } finally {
    changeSample(run, id, () => ({ writing: false }));
    // Nothing was written: the error says why.
    if (samplesOf(run).some((sample) => sample.id === id && sample.tokens.length === 0)) dropSample(run, id);
  }
}
