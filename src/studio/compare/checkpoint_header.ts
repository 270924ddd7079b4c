// What a checkpoint says of its run, read before it goes to the worker.
import { CheckpointError } from "../../errors.js";

/** Throws CheckpointError for a file that is malformed, not Kiln's, or not of a training run. */
export async function runOfFile(bytes: Uint8Array): Promise<{ data: string; step: number }> {
  const { decodeSafetensors } = await import("../../io/safetensors.js");
  const { metadata } = decodeSafetensors(bytes);
  if (metadata.get("format") !== "kiln") {
    throw new CheckpointError("checkpoint: this is a safetensors file, but not one of Kiln's; choose one that kiln train or this page saved");
  }
  const state = parse(metadata.get("state"));
  const data = state?.settings?.data;
  if (typeof data !== "string" || typeof state?.step !== "number") {
    throw new CheckpointError("checkpoint: it does not say how it was trained; choose one that kiln train or this page saved");
  }
  return { data, step: state.step };
}

function parse(text: string | undefined): { step?: unknown; settings?: { data?: unknown } } | null {
  try {
    return JSON.parse(text ?? "null") as { step?: unknown; settings?: { data?: unknown } } | null;
  } catch {
    return null;
  }
}
