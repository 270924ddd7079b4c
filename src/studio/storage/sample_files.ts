// What a run's model wrote while it trained: a file for each text, named by its step, so that none is rewritten.
import type { RunId, SampledToken, TrainingSample } from "../protocol.js";
import type { Files } from "./files.js";
import type { Damage } from "./store.js";

export interface StoredSamples {
  /** Newest first. */
  samples: TrainingSample[];
  damaged: Damage[];
}

/** Of one run, the newest. */
export const samplesKept = 20;

/** A later text of the same step takes the place of the earlier. */
export async function writeSample(files: Files, run: RunId, sample: TrainingSample): Promise<void> {
  await files.write(`${folderOf(run)}/${String(sample.step).padStart(9, "0")}.json`, new TextEncoder().encode(JSON.stringify(sample)));
  for (const path of (await pathsOf(files, run)).slice(samplesKept)) await files.remove(path);
}

export async function readSamples(files: Files, run: RunId): Promise<StoredSamples> {
  const found: StoredSamples = { samples: [], damaged: [] };
  for (const path of await pathsOf(files, run)) {
    const bytes = await files.read(path);
    if (bytes === null) continue;
    const sample = decodeSample(bytes);
    if (sample?.step === stepOf(path)) found.samples.push(sample);
    else found.damaged.push({ name: path, reason: "cut off or overwritten: it is no text of a run" });
  }
  return found;
}

/** Forgets those after `step`. */
export async function rewindSamples(files: Files, run: RunId, step: number): Promise<void> {
  for (const path of await pathsOf(files, run)) if (stepOf(path) > step) await files.remove(path);
}

const folderOf = (run: RunId) => `runs/${run}/samples`;

/** Newest first. */
async function pathsOf(files: Files, run: RunId): Promise<string[]> {
  return (await files.list(folderOf(run))).filter((path) => stepOf(path) >= 0).sort((a, b) => stepOf(b) - stepOf(a));
}

function stepOf(path: string): number {
  return Number(/\/(\d+)\.json$/.exec(path)?.[1] ?? -1);
}

/** Null for what is none: a file from anywhere is checked before it is believed. */
function decodeSample(bytes: Uint8Array): TrainingSample | null {
  try {
    const { step, tokens } = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Partial<TrainingSample>;
    return Number.isSafeInteger(step) && Array.isArray(tokens) && tokens.every(isToken) ? { step: step!, tokens } : null;
  } catch {
    return null;
  }
}

function isToken(token: Partial<SampledToken> | null): boolean {
  if (!isChoice(token) || typeof token!.given !== "boolean") return false;
  return Array.isArray(token!.alternatives) && token!.alternatives.every(isChoice);
}

function isChoice(choice: { text?: unknown; probability?: unknown } | null): boolean {
  return typeof choice?.text === "string" && typeof choice.probability === "number";
}
