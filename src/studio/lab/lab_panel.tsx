// The Warmup Lab: experiments with verdicts, run in this page.
import { useSignal } from "@preact/signals";
import { saveFile } from "../charts/export.js";
import { device } from "../state/runs.js";
import { telling } from "../state/notices.js";
import { entries, labProgress, labReportHtml, labStatus, onSoftware, openLab, outcomes, skippedHere, startLab, stopLab } from "./lab_run.js";
import type { Entry } from "./messages.js";
import { OutcomeView, VerdictBadge } from "./outcome_view.js";
import "./lab.css";

export function LabPanel() {
  return (
    <section class="lab" aria-labelledby="lab-title">
      <h3 id="lab-title">The Warmup Lab</h3>
      <p class="small">
        What theory and papers claim about warmup, schedules, normalisation and optimizers, as experiments: each states its prediction and its criteria first, and its verdict follows from them. <code>npx kiln lab</code> runs the same.
      </p>
      {entries.value ? <Experiments list={entries.value} /> : <Opening />}
      <p role="status" class={labStatus.value.state === "failed" ? "error" : "muted small"}>
        {labStatus.value.text}
      </p>
    </section>
  );
}

function Opening() {
  return (
    <div class="row">
      <button type="button" disabled={labStatus.value.state === "loading"} title="Loads the experiments and what draws their pictures, about half a megabyte" onClick={openLab}>
        Show the experiments
      </button>
    </div>
  );
}

function Experiments({ list }: { list: readonly Entry[] }) {
  const isFull = useSignal(false);
  const running = labStatus.value.state === "running";
  const start = (names: readonly string[], fresh: boolean) => void telling(() => startLab({ names, size: isFull.value ? "full" : "small", fresh }));
  return (
    <>
      <div class="row">
        {running ? (
          <button type="button" title="What was measured is kept: the same experiment goes on from there" onClick={stopLab}>
            Stop
          </button>
        ) : (
          <button type="button" disabled={!device.value} title="One after the other; pauses the run that trains" onClick={() => start(list.map(({ name }) => name), false)}>
            Run all
          </button>
        )}
        <label title="Larger sweeps, for a graphics card: many minutes each">
          <input type="checkbox" checked={isFull.value} disabled={running} onChange={() => (isFull.value = !isFull.value)} /> full size
        </label>
        {labReportHtml.value && (
          <button type="button" title="One file with all pictures and verdicts, for any browser" onClick={() => saveFile("kiln-lab.html", new Blob([labReportHtml.value!], { type: "text/html" }))}>
            Save the report
          </button>
        )}
      </div>
      {onSoftware.value && <p class="small warning-text">⚠ A software adapter: the numbers of training hold, the times say nothing about a graphics card.</p>}
      <ol class="lab-list">
        {list.map((entry) => (
          <Experiment key={entry.name} entry={entry} running={running} start={start} />
        ))}
      </ol>
    </>
  );
}

function Experiment({ entry, running, start }: { entry: Entry; running: boolean; start: (names: readonly string[], fresh: boolean) => void }) {
  const { name, group, title, claim, source, prediction } = entry;
  const outcome = outcomes.value.get(name);
  const skipped = skippedHere.value.get(name);
  const progress = labProgress.value?.name === name ? labProgress.value : null;
  return (
    <li>
      <details>
        <summary>
          <span class="muted">{group}</span> {title} {outcome && <VerdictBadge verdict={outcome.verdict} />}
          {skipped && <span class="muted"> skipped</span>}
        </summary>
        <dl>
          <dt>Claim</dt>
          <dd>{claim}</dd>
          <dt>Source</dt>
          <dd>{source}</dd>
          <dt>Predicted</dt>
          <dd>{prediction}</dd>
        </dl>
        <div class="row">
          <button type="button" disabled={running || !device.value} aria-label={`Run ${title}`} title="Pauses the run that trains; goes on from what an earlier run measured" onClick={() => start([name], false)}>
            Run
          </button>
          {outcome && (
            <button type="button" disabled={running} aria-label={`Measure ${title} again`} title="Forgets what was measured, and measures it again" onClick={() => start([name], true)}>
              Measure again
            </button>
          )}
        </div>
        {skipped && <p class="small">Not measured: {skipped}.</p>}
        {outcome && <OutcomeView outcome={outcome} />}
      </details>
      {progress && (
        <p class="small lab-progress">
          <progress max={progress.total} value={progress.done} aria-label={`${title}: settings measured`} /> {progress.done} of {progress.total} settings
          {progress.kept > 0 && `, ${progress.kept} from an earlier run`}
        </p>
      )}
    </li>
  );
}
