// The worker that runs experiments: a device of its own, so that no run of the studio is touched.
import { version } from "../../../package.json";
import { experiments } from "../../../examples/lab/index.js";
import type { Device } from "../../gpu/device.js";
import { openDevice } from "../../gpu/open_device.js";
import { boundText, drawChart, labReport, runExperiment, valueText, type Experiment, type Outcome } from "../../lab/index.js";
import type { Files } from "../storage/files.js";
import { FileCells, openCellFiles } from "./cell_files.js";
import type { Message, Order, OutcomeText } from "./messages.js";

// ECharts asks for Node's name where there is no window.
Object.assign(globalThis, { global: globalThis });

/** A page is told so often at most. */
const between_ms = 100;

const tell = (message: Message) => postMessage(message);

tell({ kind: "experiments", entries: experiments.map(({ name, group, title, claim, source, prediction }) => ({ name, group, title, claim, source, prediction })) });
addEventListener("message", ({ data }: MessageEvent<Order>) => {
  run(data).then(
    () => tell({ kind: "done" }),
    (error: unknown) => tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) }),
  );
});

async function run({ names, size, fresh }: Order): Promise<void> {
  const [device, files] = await Promise.all([openDevice(), openCellFiles()]);
  const { name, software } = device.adapter;
  tell({ kind: "adapter", name, software });
  const outcomes: Outcome[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (const experiment of experiments.filter((one) => names.includes(one.name))) {
    const { requires } = experiment;
    if (requires && !device.features.has(requires)) {
      skipped.push({ name: experiment.name, reason: `it needs ${requires}, which the adapter lacks` });
      tell({ kind: "skipped", ...skipped.at(-1)! });
      continue;
    }
    const outcome = await runOne(experiment, device, files, { size, fresh });
    outcomes.push(outcome);
    tell({ kind: "outcome", outcome: await inWords(outcome) });
  }
  const facts = [["adapter", name], ["size", size], ["date", new Date().toISOString().slice(0, 10)], ["kiln", version]] as const;
  tell({ kind: "report", html: await labReport(outcomes, { facts, software, skipped }) });
  device.close();
}

async function runOne(experiment: Experiment, device: Device, files: Files, { size, fresh }: Pick<Order, "size" | "fresh">): Promise<Outcome> {
  const { name, revision } = experiment;
  const identity = JSON.stringify({ experiment: name, revision, size, adapter: device.adapter.name, kiln: version });
  const store = await FileCells.open(files, `${name}.${size}`, identity, fresh);
  let told_ms = -Infinity;
  try {
    return await runExperiment(experiment, {
      ...{ device, size, store },
      onProgress: (progress) => {
        if (performance.now() - told_ms < between_ms && progress.done < progress.total) return;
        told_ms = performance.now();
        tell({ kind: "progress", name, ...progress });
      },
    });
  } finally {
    await store.flush();
  }
}

async function inWords({ experiment, verdict, criteria, findings, seconds }: Outcome): Promise<OutcomeText> {
  const { summary, advice, charts, tables } = findings;
  return {
    ...{ name: experiment.name, verdict, summary, advice, tables, seconds },
    criteria: criteria.map((criterion) => {
      const { statement, confirmed, contradicted, unit } = criterion;
      return { statement, value: valueText(criterion), confirmed: boundText(confirmed, unit), contradicted: boundText(contradicted, unit), verdict: criterion.verdict };
    }),
    charts: await Promise.all(charts.map(async (chart) => ({ title: chart.title, svg: await drawChart(chart) }))),
  };
}
