// A sweep: its form while none runs, then how far it is and what it found.
import { computed, useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { saveFile } from "../charts/export.js";
import { count, loss } from "../layout/format.js";
import { describedBy, Field } from "../layout/field.js";
import { words } from "../settings_form/words.js";
import { telling } from "../state/notices.js";
import { device, runs } from "../state/runs.js";
import { settings, settingsError, type SettingName } from "../state/settings.js";
import { settingText } from "./columns.js";
import { summaryOf } from "./summary.js";
import { cancelSweep, dismissSweep, resumeSweep, startSweep, sweep } from "./sweep.js";
import { parseValues, suggestedValues, sweepable, sweepPoints, sweepProblem } from "./sweep_plan.js";
import { SweepPlot } from "./sweep_plot.js";
import { progressOf, type Sweep } from "./sweep_queue.js";
import { bestOf, sweepResults, type ValueResult } from "./sweep_results.js";
import { sweepCsv } from "./run_files.js";
import { selectRun } from "./state.js";

const results = computed(() =>
  sweep.value === null
    ? []
    : sweepResults(sweep.value.points, (id) => {
        const run = runs.value.get(id);
        return run && { loss: run.record.status === "done" ? summaryOf(run.metrics).finalValidation : null, failed: run.record.status === "failed" };
      }),
);

export function SweepPanel() {
  const now = sweep.value;
  return (
    <details class="sweep" open={now !== null}>
      <summary>Sweep one setting</summary>
      {now !== null && <SweepState now={now} />}
      {results.value.length > 0 && now !== null && (
        <>
          <SweepPlot setting={now.setting} results={results.value} />
          <SweepTable setting={now.setting} results={results.value} />
          <div class="row">
            <button type="button" title="One line for each run of the sweep, for spreadsheets" onClick={() => saveFile(`kiln-sweep-${now.setting}.csv`, new Blob([sweepCsv(now.setting, results.value)], { type: "text/csv;charset=utf-8" }))}>
              Save as CSV
            </button>
            {now.state === "ended" && (
              <button type="button" title="Takes this plot and table away. The runs stay." onClick={dismissSweep}>
                Close
              </button>
            )}
          </div>
        </>
      )}
      {(now === null || now.state === "ended") && <SweepForm />}
    </details>
  );
}

function SweepForm() {
  const id = useId();
  const setting = useSignal<SettingName>("lr");
  const typed = useSignal<string | null>(null);
  const seeds = useSignal(1);
  const base = settings.value;
  const names = sweepable(base);
  const name = names.includes(setting.value) ? setting.value : "lr";
  const values = typed.value ?? (settingsError.value ? "" : suggestedValues(name, base));
  const problem = settingsError.value ? "The form has settings that do not go together." : sweepProblem(base, name, values, seeds.value);
  const choose = (next: SettingName) => {
    setting.value = next;
    typed.value = null;
  };
  return (
    <div class="sweep-form">
      <p class="muted">Trains one run after another. All else is as the form has it.</p>
      <Field id={`${id}-setting`} label="Setting" hint="The one that differs among the runs.">
        <select id={`${id}-setting`} aria-describedby={describedBy(`${id}-setting`)} value={name} onChange={(event) => choose(event.currentTarget.value as SettingName)}>
          {names.map((known) => (
            <option key={known} value={known}>
              {words[known].label}
            </option>
          ))}
        </select>
      </Field>
      <Field id={`${id}-values`} label="Values" hint={`With commas between. ${name === "lr" ? "Rates are best a constant factor apart; the last rate, or the whole schedule, is scaled along." : words[name].hint}`} error={problem} wide>
        <input id={`${id}-values`} aria-describedby={describedBy(`${id}-values`)} aria-invalid={problem !== null} value={values} onInput={(event) => (typed.value = event.currentTarget.value)} />
      </Field>
      {name !== "seed" && (
        <Field id={`${id}-seeds`} label="Seeds" hint="Runs at each value, which differ by first weights and batches: how far they lie apart says which differences mean something.">
          <input id={`${id}-seeds`} type="number" min={1} max={20} aria-describedby={describedBy(`${id}-seeds`)} value={seeds.value} onInput={(event) => (seeds.value = Number(event.currentTarget.value))} />
        </Field>
      )}
      <div class="row">
        <button type="button" disabled={problem !== null || !device.value} title="Starts the first run; the others follow by themselves. A run that trains is paused first." onClick={() => startSweep(name, values, name === "seed" ? 1 : seeds.value)}>
          Start sweep
        </button>
        {problem === null && <span class="muted">{costText(sweepPoints(base, name, parseValues(name, values), seeds.value).map((point) => point.settings.steps))}</span>}
      </div>
    </div>
  );
}

function costText(steps: readonly number[]): string {
  return `${steps.length} runs of ${count(steps[0] ?? 0)} steps`;
}

function SweepState({ now }: { now: Sweep }) {
  const { finished, total, share, current } = progressOf(now, (id) => runs.value.get(id)?.record);
  const label = words[now.setting].label;
  const doing = now.state === "running" && current ? `, now ${label} ${settingText(now.setting, current.value)}, seed ${current.seed}` : "";
  return (
    <div class="sweep-state">
      <p role="status">
        {label}: {finished} of {total} runs{now.state === "ended" ? "" : " done"}
        {doing}. {now.message}
      </p>
      {now.state !== "ended" && (
        <div class="row">
          <progress max={1} value={share} aria-label="Share of the sweep that is done" />
          {now.state === "waiting" && (
            <button type="button" disabled={!device.value} title="Goes on with the run that waits, then with the next." onClick={resumeSweep}>
              Go on
            </button>
          )}
          <button type="button" title="Stops the run that trains and starts no more. What has run stays." onClick={() => telling(cancelSweep)}>
            Cancel sweep
          </button>
        </div>
      )}
    </div>
  );
}

function SweepTable({ setting, results }: { setting: SettingName; results: readonly ValueResult[] }) {
  const best = bestOf(results);
  return (
    <div class="runs-scroll" tabIndex={0} role="region" aria-label="Table of the sweep">
      <table>
        <caption class="visually-hidden">Validation loss after the last step, by {words[setting].label}</caption>
        <thead>
          <tr>
            <th scope="col">{words[setting].label}</th>
            <th scope="col">Mean loss</th>
            <th scope="col">Lowest to highest</th>
            <th scope="col">Runs</th>
          </tr>
        </thead>
        <tbody>
          {results.map((result) => (
            <tr key={String(result.value)}>
              <th scope="row">{settingText(setting, result.value)}</th>
              <td class="runs-number">
                {loss(result.mean)}
                {result === best && results.length > 1 && <strong> best</strong>}
              </td>
              <td class="runs-number">{result.losses.length > 1 ? `${loss(result.min)} – ${loss(result.max)}` : "–"}</td>
              <td>
                <span class="sweep-seeds">
                  {result.losses.map(({ run, seed, loss: value }) => (
                    <button type="button" key={run} class="runs-select" title="Puts this run in front" onClick={() => selectRun(run)}>
                      seed {seed}: {loss(value)}
                    </button>
                  ))}
                  {result.failed > 0 && <span class="error">{result.failed} failed</span>}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
