// What the page asks of the worker that trains, and what the worker tells it. Carried by Comlink; all of it is plain data.
import type { AdapterDescription } from "../gpu/adapter.js";
import type { TrainSettings } from "../recipe/settings.js";
import type { StepMetrics, ValidationMetrics } from "../train/index.js";
import type { StorageUse } from "./storage/store.js";

/** Of one run, unique in this browser. */
export type RunId = string;

/**
 * new: settings only. paused: can go on. stopped: ended by the user, can go on too. interrupted: the page or the GPU went away
 * while it ran; goes on from the last checkpoint. failed: ended by an error, which `message` tells.
 */
export type RunStatus = "new" | "running" | "paused" | "stopped" | "interrupted" | "done" | "failed";

/** What is kept of a run beside its metrics and its checkpoint. */
export interface RunRecord {
  id: RunId;
  name: string;
  /** Milliseconds since 1970. */
  created: number;
  settings: TrainSettings;
  /** Where `settings.data` names a text of the user's: its fingerprint, by which it is stored. */
  text: string | null;
  status: RunStatus;
  /** Why it failed, or what the user should know, such as "continued on a new device at step 120". */
  message: string | null;
  step: number;
  parameters: number | null;
  adapter: string | null;
  loss: number | null;
  bestValidationLoss: number | null;
  /** Of the last validation, from 0 to 1: the share of a toy task's answers that were right in every token. */
  exactMatch: number | null;
  /** Without pauses. */
  trainedSeconds: number;
  /** Step at which the stored checkpoint was made; null without one. */
  savedStep: number | null;
  /** What was changed while it trained, oldest first. */
  changes: { step: number; change: LiveChange }[];
  /** The run it was cloned from. */
  clonedFrom: RunId | null;
}

/** What may change while a run trains. Nothing is compiled or recorded again. */
export type LiveChange = Partial<Pick<TrainSettings, "schedule" | "vectorSchedule" | "clip" | "steps" | "evalEvery">>;

export interface StepRow extends StepMetrics {
  /** Seconds of training before this row, without pauses. */
  seconds: number;
}

export interface ValidationRow extends ValidationMetrics {
  seconds: number;
  exactMatch: number | null;
}

/** A measurement made while training, where the user asked for it. */
export interface SharpnessRow {
  step: number;
  /** Largest eigenvalue of the Hessian, preconditioned where the optimizer is. NaN, with `threshold`, where the error is as large. */
  sharpness: number;
  /** Rates above it are unstable: 2/sharpness for plain gradient descent. Infinity where nothing curves upward; NaN for an optimizer without such a rule. */
  threshold: number;
}

/** One such measurement with all that it says, for words. */
export interface SharpnessMeasurement extends SharpnessRow {
  /** Of `sharpness`, either way. */
  error: number;
  /** The learning rate of the coming step. */
  rate: number;
  /** rate over threshold: 1 is the edge of stability. NaN where there is no threshold. */
  share: number;
  verdict: "inside" | "at" | "past" | "unknown";
  preconditioned: boolean;
  /** Whether the search ended by itself. */
  converged: boolean;
  /** Products with the Hessian that it took. */
  products: number;
}

export interface RunMetrics {
  steps: StepRow[];
  validations: ValidationRow[];
  sharpness: SharpnessRow[];
}

export interface DeviceInfo {
  adapter: AdapterDescription;
  features: string[];
  /** Those a model can break. Bytes. */
  limits: { maxBufferSize: number; maxStorageBufferBindingSize: number };
}

/** What settings would make, known before anything is allocated. */
export interface Estimate {
  parameters: number;
  vocabulary: number;
  trainTokens: number;
  validationTokens: number;
  /** Bytes on the adapter, and what they are for. */
  memory: { total: number; parameters: number; gradients: number; optimizer: number; activations: number; largestBuffer: number };
  /** Null where it fits, else which limit it breaks and what to lower, in words. */
  wontFit: string | null;
}

export interface SampleRequest {
  /** Empty for what suits the data: a line end, or of a toy task a few problems that were held back, a line each. */
  prompt: string;
  /** Tokens to write. Answers to problems are as long as they must be. */
  length: number;
  /** 0 for the likeliest token. */
  temperature: number;
  /** In (0, 1]; 1 for all tokens. */
  topP: number;
  seed: number;
}

export interface SampledToken {
  /** Empty where it is the beginning of a character that the next token completes. */
  text: string;
  /** Part of the prompt, which the model did not choose: its probability is 1, and there are no alternatives. */
  given: boolean;
  /** What the model gave it, before temperature and topP. */
  probability: number;
  /** The likeliest, best first, the chosen one among them where it belongs. */
  alternatives: { text: string; probability: number }[];
}

/** What a model wrote while it trained, after a validation. */
export interface TrainingSample {
  /** Steps that it had taken. */
  step: number;
  tokens: SampledToken[];
}

/** Attention weights of one sequence: weights[layer][head] is [tokens x tokens] row by row, row i says where token i looks. */
export interface AttentionMaps {
  tokens: string[];
  weights: Float32Array[][];
}

/** `running` is never kept waiting: rows come bundled, a few times a second. */
export type StudioEvent =
  /** `elsewhere`: another tab trains it at this moment, so that it can only be watched here. */
  | { kind: "record"; record: RunRecord; elsewhere: boolean }
  | { kind: "rows"; run: RunId; steps: StepRow[]; validations: ValidationRow[]; sharpness: SharpnessRow[] }
  /** The run went back to an earlier step (a recovery): rows and samples after it are void. */
  | { kind: "rewound"; run: RunId; step: number }
  | ({ kind: "sample"; run: RunId } & TrainingSample)
  | { kind: "removed"; run: RunId }
  /** The adapter the worker is on from now; null while it has none. */
  | { kind: "device"; device: DeviceInfo | null; message: string | null }
  /** Something the user should see that ends nothing: storage is full, another tab holds the run. `unsaved` is a run that only the memory has: the page offers it as a file. */
  | { kind: "notice"; level: "info" | "warning" | "error"; text: string; unsaved?: RunId };

export interface NewRun {
  name: string;
  settings: TrainSettings;
  /** The text where `settings.data` names one of the user's own. */
  text: string | null;
  clonedFrom: RunId | null;
}

/** Progress of a tool, from 0 to 1, and in words. */
export type Progress = (share: number, text: string) => void;

/** The worker, as the page sees it through Comlink. Errors reject with the name and message of the engine's. */
export interface StudioWorker {
  /** Opens the device and the storage. Events begin with one "record" for each stored run. Throws AdapterError. */
  open(listener: (event: StudioEvent) => void): Promise<DeviceInfo>;
  /** Throws UsageError that begins with the setting's name, or DataError. */
  estimate(settings: TrainSettings, text: string | null): Promise<Estimate>;

  /** Starts a new run; the one that trains is paused first. */
  start(run: NewRun): Promise<RunId>;
  /** Goes on with a stored, paused or stopped run. */
  resume(run: RunId): Promise<void>;
  pause(): Promise<void>;
  /** Saves and ends the run that trains. */
  stop(): Promise<void>;
  change(change: LiveChange): Promise<void>;

  rename(run: RunId, name: string): Promise<void>;
  remove(run: RunId): Promise<void>;
  metrics(run: RunId): Promise<RunMetrics>;
  /** What was stored of what it wrote while it trained, newest first. */
  samples(run: RunId): Promise<TrainingSample[]>;
  /** The user's own text that the run trains on; null where `settings.data` names what everybody has. */
  text(run: RunId): Promise<string | null>;
  /** The whole state as `kiln train` writes it: safetensors. */
  exportCheckpoint(run: RunId): Promise<Uint8Array>;
  /** A run at the checkpoint's step; `text` where its data are a text of the user's. */
  importCheckpoint(name: string, bytes: Uint8Array, text: string | null): Promise<RunId>;
  /** How much this site stores, and what the browser promises. */
  storageUse(): Promise<StorageUse>;

  /** From the weights of this moment, between two steps where the run trains. Resolves when all tokens were told. */
  sample(run: RunId, request: SampleRequest, onToken: (token: SampledToken) => void): Promise<void>;
  /** Samples after each validation from now, told by "sample" events; null for no longer. */
  sampleAsItTrains(request: SampleRequest | null): Promise<void>;
  attention(run: RunId, text: string): Promise<AttentionMaps>;
  /** Measures the sharpness every so many steps from now; 0 for no longer. */
  sharpnessEvery(steps: number): Promise<void>;
  /** Once, of the weights of this moment, more exactly; the run gets the row too. `cancelTool` ends it. */
  measureSharpness(run: RunId, onProgress: Progress): Promise<SharpnessMeasurement>;

  /** Tools pause the run that trains and leave it paused. They run on models of their own. */
  rangeTest(settings: TrainSettings, text: string | null, onProgress: Progress): Promise<RangeTestResult>;
  advise(settings: TrainSettings, text: string | null, onProgress: Progress): Promise<AdviceResult>;
  cancelTool(): Promise<void>;
}

export interface RangeTestResult {
  /** Learning rates tried, rising, and the smoothed loss at each. */
  lrs: number[];
  losses: number[];
  smoothed: number[];
  /** Rates the analysis names, such as "steepest" and "onset", in words and as numbers. */
  marks: { label: string; lr: number }[];
  suggestion: number | null;
  /** Why, in a sentence. */
  explanation: string;
}

export interface AdviceResult {
  peak: number;
  warmup: number;
  start: number;
  /** The schedule expression to use. */
  schedule: string;
  /** That of biases and norms, in proportion, where the settings have one of their own; else empty. */
  vectorSchedule: string;
  /** What it rests on, a line each. */
  reasons: string[];
}
