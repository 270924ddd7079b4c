// The benchmarks: what this browser and device can do, measured as `kiln bench` does.
import { useSignal } from "@preact/signals";
import type { kernelGroups, suites } from "../../bench/suites/index.js";
import { saveFile } from "../charts/export.js";
import { device } from "../state/runs.js";
import { telling } from "../state/notices.js";
import { benchEnvironment, benchReport, benchStatus, startBench, stopBench, type BenchReport } from "./bench_run.js";
import { BenchTables } from "./bench_tables.js";

type Choice = (typeof suites | typeof kernelGroups)[number];

/** All that there are, and what each is about. */
const choices: Readonly<Record<Choice, string>> = {
  optimizers: "Steps of every optimizer over models of several sizes",
  step: "Whole training steps, forward, backward and update",
  kernels: "All the parts below",
  matmul: "Matrix products",
  "layer-norm": "Layer norm",
  "batch-norm": "Batch norm",
  "cross-entropy": "The loss of a language model",
  attention: "Attention",
  embedding: "The table of tokens",
  dropout: "Dropout",
};

export function BenchSection() {
  const chosen = useSignal<readonly Choice[]>(["step"]);
  const isQuick = useSignal(true);
  const { state, text } = benchStatus.value;
  const running = state === "running";
  const toggle = (name: Choice) => (chosen.value = chosen.value.includes(name) ? chosen.value.filter((other) => other !== name) : [...chosen.value, name]);
  const start = () => startBench({ names: [...chosen.value], isQuick: isQuick.value, filter: "" });
  return (
    <section class="tool" aria-labelledby="tool-bench">
      <h3 id="tool-bench">Benchmarks</h3>
      <p class="small">
        Measures Kiln on this browser and device, as <code>npx kiln bench</code> does elsewhere. It pauses the run that trains, and loads about half a megabyte when it starts.
      </p>
      <fieldset disabled={running}>
        <legend>What to measure</legend>
        <div class="bench-choices">
          {(Object.keys(choices) as Choice[]).map((name) => (
            <label key={name} title={choices[name]}>
              <input type="checkbox" checked={chosen.value.includes(name)} onChange={() => toggle(name)} /> {name}
            </label>
          ))}
        </div>
        <label title="Sees that everything runs. Without it sizes are those of real models, and a slow device needs many minutes">
          <input type="checkbox" checked={isQuick.value} onChange={() => (isQuick.value = !isQuick.value)} /> quick: small sizes, few repetitions
        </label>
      </fieldset>
      <div class="row">
        {running ? (
          <button type="button" title="Ends the measuring; what was measured stays" onClick={stopBench}>
            Stop measuring
          </button>
        ) : (
          <button type="button" disabled={!device.value || chosen.value.length === 0} title="Measures what is chosen, one after the other" onClick={() => void telling(start)}>
            Measure
          </button>
        )}
        {benchReport.value && <Files report={benchReport.value} />}
      </div>
      {running && <progress class="bench-progress" aria-label="Measuring" />}
      <p role="status" class={state === "failed" ? "error" : "muted small"}>
        {chosen.value.length === 0 ? "Choose something to measure." : text}
      </p>
      {benchEnvironment.value?.software && <p class="small warning-text">⚠ A software adapter: these numbers say nothing about a graphics card.</p>}
      {benchReport.value?.charts.map(({ title, url }) => (
        <img key={url} class="bench-chart" src={url} alt={`${title}: its numbers are in the tables below`} />
      ))}
      <BenchTables />
    </section>
  );
}

function Files({ report }: { report: BenchReport }) {
  return (
    <>
      <button type="button" title="One file with charts and tables, for any browser" onClick={() => saveFile("kiln-bench.html", new Blob([report.html], { type: "text/html" }))}>
        Save the report
      </button>
      <button type="button" title="A line of JSON for each measurement, as kiln bench writes and compares them" onClick={() => saveFile("kiln-bench.jsonl", new Blob([report.lines], { type: "application/jsonl" }))}>
        Save as JSON lines
      </button>
    </>
  );
}
