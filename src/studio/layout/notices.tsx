import { useSignal } from "@preact/signals";
import { saveModel } from "../compare/save_model.js";
import type { RunId } from "../protocol.js";
import { dismiss, telling } from "../state/notices.js";
import { notices, runs } from "../state/runs.js";

const words = { info: "Note", warning: "Warning", error: "Error" };

/** Read out as they come: errors at once, the rest when the reader pauses. */
export function Notices() {
  const shown = notices.value;
  const list = (urgent: boolean) =>
    shown
      .filter(({ level }) => (level === "error") === urgent)
      .map(({ id, level, text, unsaved }) => (
        <div key={id} class={`notice ${level}`}>
          <div class="grow">
            <p>
              <strong>{words[level]}:</strong> {text}
            </p>
            {unsaved !== null && <Save run={unsaved} />}
          </div>
          <button onClick={() => dismiss(id)} aria-label={`Dismiss: ${text}`}>
            ×
          </button>
        </div>
      ));
  return (
    <div class="notices">
      <div aria-live="assertive">{list(true)}</div>
      <div aria-live="polite">{list(false)}</div>
    </div>
  );
}

/** The way out where the browser stores no more. */
function Save({ run }: { run: RunId }) {
  const saving = useSignal(false);
  const record = runs.value.get(run)?.record;
  const save = async () => {
    saving.value = true;
    await telling(() => saveModel(record!));
    saving.value = false;
  };
  return (
    <button type="button" disabled={!record || saving.value} title="The model and all else that training needs, as safetensors: Open model… in the Runs tab, or kiln train --resume, goes on with it." onClick={() => void save()}>
      {saving.value ? "Saving…" : "Download its checkpoint"}
    </button>
  );
}
