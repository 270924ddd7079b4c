// Going on with a run from a file: of kiln train in Node, or saved by this page elsewhere.
import { signal } from "@preact/signals";
import { useId } from "preact/hooks";
import { worker } from "../client.js";
import { builtInData } from "../data_sources.js";
import { textOfFile } from "../../data/index.js";
import { notify, telling } from "../state/notices.js";
import { comparedRuns, selectedRun } from "../state/runs.js";
import { runOfFile } from "./checkpoint_header.js";

interface Waiting {
  name: string;
  bytes: Uint8Array;
  /** What the checkpoint calls its text. */
  data: string;
}

const waiting = signal<Waiting | null>(null);
const opening = signal(false);

/** What the button and a drop on the panel do. */
export async function openFile(file: File): Promise<void> {
  opening.value = true;
  await telling(async () => (waiting.value = await open(file)));
  opening.value = false;
}

function giveText(file: File): Promise<void> {
  return telling(async () => {
    const { name, bytes, data } = waiting.value!;
    // Read by the name of the first time: it says whether the text was a table, and which columns counted.
    await finish(name, bytes, textOfFile(new Uint8Array(await file.arrayBuffer()), data));
    waiting.value = null;
  });
}

export function ImportCheckpoint() {
  const id = useId();
  return (
    <>
      <label class="button runs-file" for={id} title="Goes on with a checkpoint of kiln train, or one that was saved here: on the same adapter, to the same bits as if it had never stopped. Or drop the file on this panel.">
        {opening.value ? "Opening…" : "Open model…"}
        <input id={id} type="file" accept=".safetensors" disabled={opening.value} onChange={(event) => chosen(event.currentTarget, openFile)} />
      </label>
      {waiting.value && (
        <div class="run-import" role="group" aria-label="The text of the model">
          <p>
            This model was trained on “{waiting.value.data}”, which is not in its file. To go on, choose that text.
          </p>
          <div class="row">
            <label class="button runs-file" title="The same text, byte for byte: where the next batch lies is counted in it.">
              Choose the text…
              <input type="file" onChange={(event) => chosen(event.currentTarget, giveText)} />
            </label>
            <button type="button" title="Opens nothing." onClick={() => (waiting.value = null)}>
              Cancel
            </button>
          </div>
        </div>
      )}
    </>
  );
}

/** Emptied, so that the same file may be chosen again. */
function chosen(input: HTMLInputElement, then: (file: File) => unknown): void {
  const file = input.files?.[0];
  input.value = "";
  if (file) void then(file);
}

/** Imports it, or returns what still waits for its text. Throws CheckpointError for a file that is none. */
async function open(file: File): Promise<Waiting | null> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { data } = await runOfFile(bytes);
  const name = file.name.replace(/\.safetensors$/i, "");
  if (!builtInData(data)) return { name, bytes, data };
  await finish(name, bytes, null);
  return null;
}

async function finish(name: string, bytes: Uint8Array, text: string | null): Promise<void> {
  const run = await worker.importCheckpoint(name, bytes, text);
  if (selectedRun.value !== null) comparedRuns.value = new Set([...comparedRuns.value, selectedRun.value]);
  selectedRun.value = run;
  notify("info", `"${name}" is open and in front. Press Resume to go on with its training.`);
}
