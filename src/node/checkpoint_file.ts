// Checkpoints as files.
import type { Module } from "../nn/index.js";
import { decodeCheckpoint, encodeCheckpoint, type Checkpoint, type CheckpointState, type StatefulOptimizer } from "../train/index.js";
import { readFileBytes, writeFileAtomic } from "./files.js";

/**
 * Writes a checkpoint of this moment. At every instant, also after a crash, the file is the old one or the new one.
 *
 * Throws: UsageError with the system's reason when the file cannot be written; it is then as it was.
 */
export async function saveCheckpoint(path: string, model: Module, optimizer: StatefulOptimizer | null, state: CheckpointState): Promise<void> {
  writeFileAtomic(path, await encodeCheckpoint(model, optimizer, state));
}

/**
 * Reads a checkpoint: give it to `restoreCheckpoint`.
 *
 * Throws: DataError if the file cannot be read; CheckpointError if it is malformed, not Kiln's, or of a later format.
 */
export function loadCheckpoint(path: string, calledAs = "loadCheckpoint"): Checkpoint {
  return decodeCheckpoint(readFileBytes(path, calledAs));
}
