// A checkpoint: one safetensors file with all that a run is made of, so that a resumed run is the same run.
//
//   tensors    model.<name>; optimizer.<moment>.<index of the parameter>
//   metadata   format "kiln", format_version, state (JSON: CheckpointState), optimizer (JSON: its numbers)
import { CheckpointError } from "../errors.js";
import { entryOf, readableDTypes, readElements } from "../io/elements.js";
import { decodeSafetensors, encodeSafetensors, shorten, type SafetensorsEntry, type SafetensorsFile } from "../io/safetensors.js";
import { parseStrictJson } from "../io/strict_json.js";
import type { Module } from "../nn/index.js";
import type { OptimizerState } from "../optim/index.js";
import { formatShape, sameShape } from "../shape.js";
import { computedIn, type DType, type TypedArray } from "../tensor/dtype.js";
import type { RandomState } from "../tensor/random.js";

/** Raised when an older reader would misunderstand. A later version than this is refused. */
export const checkpointVersion = 1;

/** All of a run that is neither the model's tensors nor the optimizer's state. Plain JSON. */
export interface CheckpointState {
  /** Training steps taken. */
  step: number;
  /** What the model was made with. */
  model?: unknown;
  /** What `tokenizer.toJSON()` gave. */
  tokenizer?: unknown;
  /** Which data, and where in them the next batch comes from. */
  data?: { fingerprint: string; position: RandomState };
  /** Random number generators by name, such as the model's, which draws dropout masks. */
  generators?: Record<string, RandomState>;
  /** Settings of the program that trained. */
  settings?: unknown;
  bestValidationLoss?: number | null;
  /** Null stands for a loss that was not finite. */
  lossesSinceValidation?: readonly (number | null)[];
}

/** A tensor of a checkpoint, on the host. */
export interface HostTensor {
  shape: readonly number[];
  dtype: DType;
  data: TypedArray;
}

/** A checkpoint as it was read: nothing of it is on a device. */
export interface Checkpoint {
  state: CheckpointState;
  model: Record<string, HostTensor>;
  optimizer: OptimizerState | null;
}

/** What a checkpoint needs of an optimizer; those of `optim` fit. */
export interface StatefulOptimizer {
  stateDict(): Promise<OptimizerState>;
  loadStateDict(state: OptimizerState): void;
}

/** Of the JSON in a file's metadata: far over what schedules of schedules need, far below what exhausts a stack. */
const maxMetadataDepth = 512;
const modelPrefix = "model.";
const optimizerPrefix = "optimizer.";

/** The bytes of a checkpoint of this moment, whatever is launched while they are read back. */
export async function encodeCheckpoint(model: Module, optimizer: StatefulOptimizer | null, state: CheckpointState): Promise<Uint8Array<ArrayBuffer>> {
  const json = JSON.stringify(state);
  // Every read is queued before the first is awaited.
  const reads = Object.entries(model.stateDict()).map(async ([name, tensor]) => {
    const { shape, dtype } = tensor;
    return [modelPrefix + name, tensorEntry({ shape, dtype, data: await tensor.data() })] as const;
  });
  const [optimizerState, ...entries] = await Promise.all([optimizer?.stateDict() ?? null, ...reads]);
  const file: SafetensorsFile = {
    tensors: new Map(entries),
    metadata: new Map([["format", "kiln"], ["format_version", String(checkpointVersion)], ["state", json]]),
  };
  if (optimizerState) addOptimizer(file, optimizerState);
  return encodeSafetensors(file);
}

/**
 * Reads a checkpoint. Touches no model: `restoreCheckpoint` does, or not, as a whole.
 *
 * Throws: CheckpointError for a file that is malformed, not Kiln's, or of a later format.
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const file = decodeSafetensors(bytes);
  checkVersion(file.metadata);
  const state = parseMetadata(file.metadata, "state") as CheckpointState | null;
  if (state === null || !Number.isSafeInteger(state.step) || state.step < 0) throw new CheckpointError(`checkpoint: no step count, got ${shorten(state?.step)}; use another copy of the file`);
  const tensors = [...file.tensors].filter(([name]) => name.startsWith(modelPrefix));
  // From entries: assigning to a name such as "__proto__" would make no property.
  const model = Object.fromEntries(tensors.map(([name, entry]) => [name.slice(modelPrefix.length), hostTensor(name, entry)]));
  return { state, model, optimizer: readOptimizer(file) };
}

/**
 * Loads a checkpoint's tensors into a model and its optimizer: all, or nothing.
 *
 * Throws: CheckpointError that lists every difference. Nothing was loaded then.
 */
export function restoreCheckpoint(checkpoint: Checkpoint, model: Module, optimizer: StatefulOptimizer | null = null): void {
  refuseOtherModel(checkpoint, model);
  if (optimizer) {
    if (!checkpoint.optimizer) throw new CheckpointError("checkpoint: it has no optimizer state, nothing was loaded; restore the model alone, or use another file");
    optimizer.loadStateDict(checkpoint.optimizer);
  }
  model.loadStateDict(checkpoint.model);
}

/** `loadStateDict` would find the same, but only after the optimizer has been loaded. */
function refuseOtherModel(checkpoint: Checkpoint, model: Module): void {
  const own = model.stateDict();
  const wrong: string[] = [];
  for (const [name, tensor] of Object.entries(own)) {
    const saved = Object.hasOwn(checkpoint.model, name) ? checkpoint.model[name] : undefined;
    if (!saved) wrong.push(`missing in the file: ${name} ${tensor.describe()}`);
    else if (computedIn(saved.dtype) !== computedIn(tensor.dtype) || !sameShape(saved.shape, tensor.shape)) wrong.push(`${name}: the model has ${tensor.describe()}, got ${saved.dtype}${formatShape(saved.shape)}`);
  }
  for (const [name, { dtype, shape }] of Object.entries(checkpoint.model)) if (!Object.hasOwn(own, name)) wrong.push(`not in the model: ${name} ${dtype}${formatShape(shape)}`);
  if (wrong.length === 0) return;
  const count = `${wrong.length} difference${wrong.length === 1 ? "" : "s"}`;
  throw new CheckpointError([`checkpoint: it belongs to another model, got ${count}, nothing was loaded; build the model with the checkpoint's settings`, ...wrong.map((line) => `  - ${line}`)].join("\n"));
}

function addOptimizer(file: SafetensorsFile, { moments, ...numbers }: OptimizerState): void {
  file.metadata.set("optimizer", JSON.stringify({ ...numbers, moments: Object.keys(moments) }));
  for (const [moment, arrays] of Object.entries(moments)) {
    arrays.forEach((data, i) => file.tensors.set(`${optimizerPrefix}${moment}.${i}`, tensorEntry({ shape: [data.length], dtype: "f32", data })));
  }
}

/** The optimizer itself checks what it loads; here only the arrays are put back in their places. */
function readOptimizer({ tensors, metadata }: SafetensorsFile): OptimizerState | null {
  const saved = parseMetadata(metadata, "optimizer") as (Omit<OptimizerState, "moments"> & { moments: string[] }) | null;
  if (saved === null) return null;
  if (!Array.isArray(saved.moments) || !saved.moments.every((name) => typeof name === "string")) throw new CheckpointError("checkpoint: the optimizer's state names no moments; use another copy of the file");
  const { moments: names, ...numbers } = saved;
  const moments = Object.fromEntries(
    names.map((moment) => {
      const arrays: Float32Array[] = [];
      for (let i = 0; ; i++) {
        const name = `${optimizerPrefix}${moment}.${i}`;
        const entry = tensors.get(name);
        if (!entry) return [moment, arrays];
        arrays.push(hostTensor(name, entry).data as Float32Array);
      }
    }),
  );
  return { ...numbers, moments };
}

function checkVersion(metadata: ReadonlyMap<string, string>): void {
  if (metadata.get("format") !== "kiln") {
    throw new CheckpointError(`checkpoint: not one of Kiln's, got format ${shorten(metadata.get("format") ?? "none")}; use a file that kiln train wrote`);
  }
  const text = metadata.get("format_version") ?? "";
  const version = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(version >= 1)) throw new CheckpointError(`checkpoint: the format version is no version, got ${shorten(text)}; use another copy of the file`);
  if (version > checkpointVersion) {
    throw new CheckpointError(`checkpoint: written in format version ${version}, this Kiln reads up to version ${checkpointVersion}; use a newer Kiln`);
  }
}

function parseMetadata(metadata: ReadonlyMap<string, string>, key: string): object | null {
  const text = metadata.get(key);
  if (text === undefined) return null;
  try {
    const value = parseStrictJson(text, maxMetadataDepth);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Falls through to the same error.
  }
  throw new CheckpointError(`checkpoint: metadata "${key}" is not a JSON object; use another copy of the file`);
}

function tensorEntry({ shape, ...elements }: HostTensor): SafetensorsEntry {
  return entryOf(shape, elements);
}

function hostTensor(name: string, entry: SafetensorsEntry): HostTensor {
  const elements = readElements(entry);
  if (!elements) throw new CheckpointError(`checkpoint: ${shorten(name)} has dtype ${entry.dtype}, which Kiln does not compute with; use ${readableDTypes}`);
  return { shape: entry.shape, ...elements };
}
