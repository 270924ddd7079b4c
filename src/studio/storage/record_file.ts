// A run's record as bytes, and back: a file from anywhere is checked before it is believed.
import { StorageError } from "../../errors.js";
import { presets } from "../../recipe/presets.js";
import type { TrainSettings } from "../../recipe/settings.js";
import type { RunRecord, RunStatus } from "../protocol.js";

/** Raised when an older studio would misunderstand. */
const recordFormat = 1;

const isText = (value: unknown) => typeof value === "string";
const isNumber = (value: unknown) => typeof value === "number";
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const orNull = (check: (value: unknown) => boolean) => (value: unknown) => value === null || check(value);
const statuses: Record<RunStatus, true> = { new: true, running: true, paused: true, stopped: true, interrupted: true, done: true, failed: true };

const checks: Record<keyof RunRecord, (value: unknown) => boolean> = {
  id: isText,
  name: isText,
  created: isNumber,
  settings: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  text: orNull((value) => isText(value) && isFingerprint(value as string)),
  status: (value) => isText(value) && Object.hasOwn(statuses, value as string),
  message: orNull(isText),
  step: isCount,
  parameters: orNull(isCount),
  adapter: orNull(isText),
  loss: orNull(isNumber),
  bestValidationLoss: orNull(isNumber),
  exactMatch: orNull(isNumber),
  trainedSeconds: isNumber,
  savedStep: orNull(isCount),
  changes: (value) => Array.isArray(value) && value.every((entry) => isCount(entry?.step) && typeof entry.change === "object" && entry.change !== null),
  clonedFrom: orNull(isText),
};

export function isFingerprint(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

export function encodeRecord(record: RunRecord): Uint8Array<ArrayBuffer> {
  // JSON has no NaN, and a loss may be one: it becomes null.
  return new TextEncoder().encode(JSON.stringify({ format: recordFormat, record }));
}

/** Throws StorageError that says what is wrong. */
export function decodeRecord(bytes: Uint8Array, id: string): RunRecord {
  const { format, record } = parse(bytes);
  if (!isCount(format) || format === 0) throw new StorageError("not a record of Kiln Studio");
  if ((format as number) > recordFormat) throw new StorageError(`written in format ${String(format)}, this studio reads up to format ${recordFormat}; use a newer Kiln Studio`);
  if (typeof record !== "object" || record === null) throw new StorageError("it holds no run");
  const found = record as Record<string, unknown>;
  const wrong = Object.entries(checks).find(([name, check]) => !check(Object.hasOwn(found, name) ? found[name] : undefined));
  if (wrong) throw new StorageError(`its "${wrong[0]}" cannot be ${JSON.stringify(found[wrong[0]])?.slice(0, 40) ?? "missing"}`);
  if (found.id !== id) throw new StorageError(`it is the record of another run, "${String(found.id).slice(0, 40)}"`);
  const known = Object.fromEntries(Object.keys(checks).map((name) => [name, found[name]])) as unknown as RunRecord;
  return { ...known, settings: settingsFrom(known.settings) };
}

function parse(bytes: Uint8Array): { format?: unknown; record?: unknown } {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof value === "object" && value !== null) return value;
  } catch {
    // Falls through to the same error.
  }
  throw new StorageError("cut off or overwritten: it is not JSON");
}

/** Settings that came with a later Kiln than the record's are a preset's. Their ranges are checked when the run goes on. */
function settingsFrom(stored: object): TrainSettings {
  const settings: Record<string, unknown> = { ...presets.small };
  for (const [name, standard] of Object.entries(settings)) {
    if (!Object.hasOwn(stored, name)) continue;
    const value = (stored as Record<string, unknown>)[name];
    if (typeof value !== typeof standard || Array.isArray(value) !== Array.isArray(standard)) throw new StorageError(`its setting "${name}" cannot be ${JSON.stringify(value)}`);
    settings[name] = value;
  }
  return settings as unknown as TrainSettings;
}
