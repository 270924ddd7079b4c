// What the model writes: now, and as it trains.
import { computed, useSignal, useSignalEffect } from "@preact/signals";
import { isTask } from "../../data/index.js";
import { worker } from "../client.js";
import { loadSamples } from "../state/load_samples.js";
import { telling } from "../state/notices.js";
import { device, selected, type Run } from "../state/runs.js";
import { samplesOf } from "../state/samples.js";
import { RequestForm } from "./request_form.js";
import { SampleView } from "./sample_view.js";
import { asItTrains, request, writeNow } from "./state.js";
import { TokenDetails } from "./token_details.js";
import "./text.css";

/** After the last key: every change would be told to the worker. */
const quiet_ms = 300;

const inFront = computed(() => selected.value?.record.id ?? null);

export function TextPanel() {
  useSignalEffect(() => {
    const run = inFront.value;
    if (run !== null) void telling(() => loadSamples(run));
  });
  useSignalEffect(() => {
    const wanted = asItTrains.value ? request.value : null;
    if (!device.value) return;
    const timer = setTimeout(() => void telling(() => worker.sampleAsItTrains(wanted)), quiet_ms);
    return () => clearTimeout(timer);
  });
  const run = selected.value;
  return (
    <div class="text-panel">
      <RequestForm placeholder={placeholderFor(run)} />
      <Actions run={run} />
      <Samples run={run} />
    </div>
  );
}

function placeholderFor(run: Run | null): string {
  return run && isTask(run.record.settings.data) ? "Problems that were held back from training" : "A line end";
}

function Actions({ run }: { run: Run | null }) {
  const writing = useSignal(false);
  const write = async () => {
    writing.value = true;
    await telling(() => writeNow(run!));
    writing.value = false;
  };
  return (
    <div class="row">
      <button type="button" class="primary" disabled={!run || !device.value || writing.value} onClick={() => void write()} title="Writes with the weights of this moment. A run that trains goes on afterwards.">
        {writing.value ? "Writing…" : "Write now"}
      </button>
      <label class="row" title="After each validation the model writes a text, which takes time from training">
        <input type="checkbox" checked={asItTrains.value} onChange={(event) => (asItTrains.value = event.currentTarget.checked)} />
        Write as it trains
      </label>
    </div>
  );
}

function Samples({ run }: { run: Run | null }) {
  if (!run) return <p class="muted">Start a run, or choose one: what its model writes appears here.</p>;
  const { id, settings, step, exactMatch } = run.record;
  const list = samplesOf(id);
  if (list.length === 0) return <p class="muted">{step === 0 ? "Nothing written yet. The first text comes with the first validation." : "Nothing written yet. Press “Write now”."}</p>;
  return (
    <>
      {isTask(settings.data) && exactMatch !== null && <p>{(100 * exactMatch).toFixed(1)} % of the answers at the last validation were right in every character.</p>}
      <p class="muted small shade-legend">
        Shade: <span class="shade likely">likely</span> to <span class="shade unlikely">unlikely</span> for the model.
      </p>
      <div class="text-results">
        <div class="samples">
          {list.map((sample) => (
            <SampleView key={sample.id} sample={sample} settings={settings} />
          ))}
        </div>
        <TokenDetails samples={list} />
      </div>
    </>
  );
}
