// Start, Pause, Resume and Stop, and how far the run in front is.
import { useSignal } from "@preact/signals";
import { worker } from "../client.js";
import type { RunRecord } from "../protocol.js";
import { words } from "../settings_form/words.js";
import { estimateError, wontFit } from "../state/estimate.js";
import { telling } from "../state/notices.js";
import { device, deviceMessage, selected, selectedRun, training, watched, type Run } from "../state/runs.js";
import { settings, settingsError, textOfSettings, type SettingName } from "../state/settings.js";
import { nameOfRun } from "../state/run_name.js";
import { count, duration, loss } from "./format.js";
import { statusWords } from "./status_words.js";
import { askToPersist } from "../storage/persist.js";

const resumable: readonly RunRecord["status"][] = ["new", "paused", "stopped", "interrupted", "failed"];

export function RunControls() {
  const asked = useSignal<string | null>(null);
  const running = training.value?.record ?? null;
  const front = training.value ?? selected.value;
  const shown = front?.record ?? null;
  const wrong = settingsError.value ?? estimateError.value;
  const ask = (what: string, work: () => Promise<unknown>) => async () => {
    asked.value = what;
    await telling(work);
    asked.value = null;
  };
  const begin = async () => {
    void askToPersist();
    selectedRun.value = await worker.start({ name: nameOfRun(), settings: settings.value, text: textOfSettings.value, clonedFrom: null });
  };
  // Before the worker has answered, and while it is started again.
  const busy = asked.value !== null || device.value === undefined;
  return (
    <section class="run-controls" aria-label="Training">
      <div class="row" role="group" aria-label="Run">
        <button class="primary" disabled={busy || !device.value || wrong !== null || wontFit.value !== null} aria-describedby="start-why" onClick={ask("start", begin)} title="Trains a new model with the settings of the form. A run that trains is paused first.">
          {asked.value === "start" ? "Starting…" : "Start"}
        </button>
        <button disabled={busy || !running} onClick={ask("pause", () => worker.pause())} title="Stops after this step; Resume goes on exactly there.">
          Pause
        </button>
        <button disabled={busy || running !== null || !shown || !resumable.includes(shown.status)} onClick={ask("resume", () => worker.resume(shown!.id))} title="Goes on with the run that is shown, from where it stopped.">
          Resume
        </button>
        <button disabled={busy || !running} onClick={ask("stop", () => worker.stop())} title="Ends the run and saves it. It can still go on later.">
          Stop
        </button>
      </div>
      <p id="start-why" class="status">
        <State run={front} wrong={wrong} />
      </p>
      {watched.value && <ReadOnly name={watched.value.name} />}
      <p class="visually-hidden" role="status">
        {shown && `${shown.name}: ${statusWords[shown.status]}`}
      </p>
    </section>
  );
}

function ReadOnly({ name }: { name: string }) {
  return (
    <p class="read-only" role="note">
      <strong>Read-only:</strong> “{name}” trains in another tab. Stop it there, or close that tab, to go on with it here.
    </p>
  );
}

/** How far the run is, and what keeps the form from starting another. */
function State({ run, wrong }: { run: Run | null; wrong: { field: SettingName; message: string } | null }) {
  if (device.value === null) return <span class="error">No device: {deviceMessage.value}</span>;
  const reason = wrong ? `${words[wrong.field].label} – ${wrong.message}` : wontFit.value !== null ? "the model will not fit this device." : null;
  return (
    <>
      {run && <Progress run={run} />}
      {reason !== null && <span class="error"> Not ready: {reason}</span>}
      {device.value === undefined ? <span class="muted"> Looking for a device…</span> : !run && reason === null && <span class="muted">Ready. Press Start.</span>}
    </>
  );
}

/** By its newest row: its record is told with each validation and checkpoint only. */
function Progress({ run: { record, metrics } }: { run: Run }) {
  void metrics.version.value;
  const row = metrics.steps.at(-1);
  const now = row && row.step > record.step ? { step: row.step, loss: row.loss, seconds: row.seconds } : { step: record.step, loss: record.loss, seconds: record.trainedSeconds };
  const { name, status, settings, message } = record;
  return (
    <>
      <strong>{name}</strong> {statusWords[status]}, step {count(now.step)} of {count(settings.steps)}, loss {loss(now.loss)}
      {now.seconds > 0 && `, ${duration(now.seconds)}`}
      <progress max={settings.steps} value={now.step} aria-label="Steps taken" />
      {message && <span class={status === "failed" ? "error" : "muted"}> {message}</span>}
    </>
  );
}
