// A run's whole state as a file that kiln train, and this page, go on with.
import { saveFile } from "../charts/export.js";
import { worker } from "../client.js";
import type { RunRecord } from "../protocol.js";
import { runOfFile } from "./checkpoint_header.js";
import { fileNameOf } from "./run_files.js";

export async function saveModel({ id, name }: Pick<RunRecord, "id" | "name">): Promise<void> {
  const bytes = await worker.exportCheckpoint(id);
  // Of the file itself: a run that trains has gone on since.
  const { step } = await runOfFile(bytes);
  saveFile(fileNameOf(name, `-step${step}.safetensors`), new Blob([bytes as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" }));
}
