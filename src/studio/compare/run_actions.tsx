// What can be done with the run in front, and what was changed while it trained.
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { worker } from "../client.js";
import { builtInData } from "../data_sources.js";
import type { LiveChange, RunRecord } from "../protocol.js";
import { notify, telling } from "../state/notices.js";
import { runs, selectedRun } from "../state/runs.js";
import { loadSettings, ownText } from "../state/settings.js";
import type { TrainSettings } from "../../recipe/settings.js";
import { linkToSettings } from "../state/url.js";
import { settingsWithoutWarmup } from "./clone_settings.js";
import { settingText } from "./columns.js";
import { saveModel } from "./save_model.js";
import { compareRun } from "./state.js";
import { words } from "../settings_form/words.js";
import type { SettingName } from "../state/settings.js";

export function RunActions({ record }: { record: RunRecord }) {
  const { name, settings, step } = record;
  const asked = useSignal<string | null>(null);
  const doing = (what: string, work: () => Promise<unknown>) => async () => {
    asked.value = what;
    await telling(work);
    asked.value = null;
  };
  const busy = asked.value !== null;
  const cold = settingsWithoutWarmup(settings);
  return (
    <section class="run-actions" aria-label={`Run ${name}`}>
      <h2>{name}</h2>
      <div class="row" role="group" aria-label={`What to do with ${name}`}>
        <button
          type="button"
          disabled={busy || !cold}
          title={cold ? "Starts a run with the same settings and seed whose rate is at its peak from the first step, and draws both. A run that trains is paused first." : "The schedule of this run does not begin with a warmup."}
          onClick={doing("clone", () => startClone(record, cold!, "no warmup"))}
        >
          {asked.value === "clone" ? "Starting…" : "Clone with warmup off"}
        </button>
        <button type="button" disabled={busy} title="Puts the settings of this run into the form, where you change what you like and press Start." onClick={doing("load", () => loadIntoForm(record))}>
          Clone and change…
        </button>
        <button type="button" disabled={busy} title="Copies an address that opens this page with the settings of this run. It starts nothing by itself." onClick={doing("link", () => copyLink(record))}>
          Copy link of this run
        </button>
        <button
          type="button"
          disabled={busy || step === 0}
          title='The model and all else that training needs, as safetensors. "npx kiln train --resume" goes on with the file, "npx kiln sample --checkpoint" writes text with it.'
          onClick={doing("save", () => saveModel(record))}
        >
          {asked.value === "save" ? "Saving…" : "Save model"}
        </button>
        <Delete record={record} />
      </div>
      <Notes record={record} />
    </section>
  );
}

/** Two presses: a run and its weights do not come back. */
function Delete({ record: { id, name } }: { record: RunRecord }) {
  const asking = useSignal(false);
  const answer = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => answer.current?.focus(), [asking.value]);
  if (!asking.value) {
    return (
      <button type="button" title="Deletes the run, its charts and its weights from this browser." onClick={() => (asking.value = true)}>
        Delete…
      </button>
    );
  }
  return (
    <span class="row run-delete" role="alertdialog" aria-label={`Delete ${name}?`}>
      Delete this run and its weights for good?
      <button type="button" class="danger" ref={answer} title="There is no way back." onClick={() => telling(() => worker.remove(id))}>
        Delete
      </button>
      <button type="button" title="Deletes nothing." onClick={() => (asking.value = false)}>
        Keep
      </button>
    </span>
  );
}

function Notes({ record: { changes, clonedFrom, message } }: { record: RunRecord }) {
  const origin = clonedFrom === null ? null : runs.value.get(clonedFrom);
  return (
    <>
      {origin && <p class="muted">Cloned from {origin.record.name}.</p>}
      {message && <p class="muted">{message}</p>}
      {changes.length > 0 && (
        <>
          <p class="muted">Changed while it trained:</p>
          <ul class="run-changes">
            {changes.map(({ step, change }, i) => (
              <li key={i}>
                step {step}: {changeText(change)}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function changeText(change: LiveChange): string {
  return Object.entries(change)
    .map(([name, value]) => `${words[name as SettingName].label} ${settingText(name as SettingName, value)}`)
    .join(", ");
}

/** The user's text that a run needs; null where everybody has its data. */
async function textFor({ id, settings, text }: RunRecord): Promise<string | null> {
  if (builtInData(settings.data)) return null;
  const stored = await worker.text(id);
  if (stored === null) throw new Error(`the text of this run ("${settings.data}") is no longer stored${text === null ? "" : "; choose it again in the form"}`);
  return stored;
}

async function startClone(record: RunRecord, settings: TrainSettings, what: string): Promise<void> {
  const run = await worker.start({ name: `${record.name}, ${what}`, settings, text: await textFor(record), clonedFrom: record.id });
  compareRun(record.id, true);
  selectedRun.value = run;
}

async function loadIntoForm(record: RunRecord): Promise<void> {
  const { settings, name } = record;
  const text = await textFor(record);
  if (text !== null) ownText.value = { name: settings.data, text };
  loadSettings(settings);
  compareRun(record.id, true);
  notify("info", `The form has the settings of "${name}" now. Change what you like and press Start.`);
}

async function copyLink({ settings }: RunRecord): Promise<void> {
  const link = linkToSettings(settings);
  try {
    await navigator.clipboard.writeText(link);
    notify("info", "The link is copied. It opens this page with the settings of the run and starts nothing.");
  } catch {
    // Without the permission, or without https: the user copies it by hand.
    notify("info", `Copy this link: ${link}`);
  }
}
