// Sharpness: measured now, or every so many steps while a run trains.
import { computed, signal, useSignal, useSignalEffect } from "@preact/signals";
import { worker } from "../client.js";
import { shortNumber } from "../charts/chart_specs.js";
import { duration } from "../layout/format.js";
import { describedBy, Field } from "../layout/field.js";
import { notify, telling } from "../state/notices.js";
import { device, selected, training, type Run } from "../state/runs.js";
import { foundSharpness, startSharpness } from "./state.js";
import { stabilityOfRow, stabilityWords, type Stability } from "./sharpness_words.js";
import { ToolControls } from "./tool_controls.js";

/** Steps between measurements; 0 for none. As the worker was told. */
const every = signal(0);
const run = computed<Run | null>(() => training.value ?? selected.value);

export function SharpnessSection() {
  const { value } = run;
  const known = value && stabilityOf(value);
  const seconds = value && foundSharpness.value?.run === value.record.id ? foundSharpness.value.seconds : null;
  return (
    <section class="tool" aria-labelledby="tool-sharpness">
      <h3 id="tool-sharpness">Sharpness</h3>
      <p class="small">How strongly the loss curves where a run stands, and the highest rate that is stable there. The chart Sharpness draws it beside the edge of stability.</p>
      <Every />
      <ToolControls tool="sharpness" label="Measure now" help="Takes about as long as 150 steps, between two of them, for the run in front. It goes on as if nothing had happened." against={value ? null : "There is no run to measure: start one."} start={() => startSharpness(value!.record.id)}>
        {seconds !== null && <span class="small muted">took {duration(seconds)}</span>}
      </ToolControls>
      {known && (
        <p role="status">
          <strong>
            {value.record.name}, step {known.step}:
          </strong>{" "}
          {stabilityWords(known)}
        </p>
      )}
      {value && <SharpnessTable current={value} />}
    </section>
  );
}

/** The newest measurement of the run. */
function stabilityOf({ record, metrics }: Run): Stability | null {
  void metrics.version.value;
  const row = metrics.sharpness.at(-1);
  const measured = foundSharpness.value;
  if (measured?.run === record.id && (!row || measured.result.step >= row.step)) return measured.result;
  return row ? stabilityOfRow(row, rateAt(metrics.steps, row.step)) : null;
}

/** Of the step after `step`, or the last known. */
function rateAt(steps: Run["metrics"]["steps"], step: number): number {
  return (steps.find((row) => row.step > step) ?? steps.at(-1))?.lr ?? NaN;
}

function Every() {
  const typed = useSignal("100");
  const wanted = Number(typed.value);
  const error = Number.isInteger(wanted) && wanted >= 1 ? null : `needs a whole number of steps from 1, got "${typed.value}"`;
  const tell = async (steps: number) => {
    const before = every.value;
    every.value = steps;
    try {
      await worker.sharpnessEvery(steps);
    } catch (failure) {
      every.value = before;
      notify("error", failure instanceof Error ? failure.message : String(failure));
    }
  };
  // A worker that was started again does not know.
  useSignalEffect(() => {
    if (device.value && every.peek() > 0) void telling(() => worker.sharpnessEvery(every.peek()));
  });
  return (
    <div class="row tool-every">
      <Field id="sharpness-every" label="Steps between measurements" hint="A measurement takes about as long as 90 steps of the first preset: every 100 steps, training takes about twice as long." error={error}>
        <input id="sharpness-every" type="text" inputMode="numeric" autocomplete="off" value={typed.value} aria-describedby={describedBy("sharpness-every")} aria-invalid={error !== null} disabled={every.value > 0} onInput={(event) => (typed.value = event.currentTarget.value)} />
      </Field>
      <button type="button" aria-pressed={every.value > 0} disabled={every.value === 0 && error !== null} title="Measures between two steps of every run that trains, until it is switched off" onClick={() => void tell(every.value > 0 ? 0 : wanted)}>
        Measure while training
      </button>
    </div>
  );
}

function SharpnessTable({ current: { metrics } }: { current: Run }) {
  void metrics.version.value;
  if (metrics.sharpness.length === 0) return null;
  return (
    <details>
      <summary>All measurements</summary>
      <div class="tool-table" tabIndex={0} role="region" aria-label="Sharpness: all measurements">
        <table>
          <thead>
            <tr>
              <th scope="col">step</th>
              <th scope="col">curvature</th>
              <th scope="col">highest stable rate</th>
              <th scope="col">rate</th>
              <th scope="col">verdict</th>
            </tr>
          </thead>
          <tbody>
            {metrics.sharpness.map((row) => {
              const { rate, verdict } = stabilityOfRow(row, rateAt(metrics.steps, row.step));
              return (
                <tr key={row.step}>
                  <td>{row.step}</td>
                  <td>{shortNumber(row.sharpness)}</td>
                  <td>{row.threshold === Infinity ? "any" : shortNumber(row.threshold)}</td>
                  <td>{shortNumber(rate)}</td>
                  <td>{verdict}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </details>
  );
}
