// The text and attention panels in a page of their own, before models that the test trains.
import "../../src/studio/theme.css";
import type { Remote } from "comlink";
import { render } from "preact";
import { presets } from "../../src/recipe/presets.js";
import { worker as studioWorker } from "../../src/studio/client.js";
import { Notices } from "../../src/studio/layout/notices.js";
import type { RunRecord, SampledToken } from "../../src/studio/protocol.js";
import { MetricsLog } from "../../src/studio/state/metrics_log.js";
import { device, runs, selectedRun } from "../../src/studio/state/runs.js";
import { addSample } from "../../src/studio/state/samples.js";
import { chooseTheme } from "../../src/studio/state/theme.js";
import { AttentionPanel } from "../../src/studio/text/attention_panel.js";
import { TextPanel } from "../../src/studio/text/text_panel.js";
import type { TextWorker } from "./studio_text_worker.js";

const worker = studioWorker as unknown as Remote<TextWorker>;

const recordOf = (id: string, data: string, step: number): RunRecord => ({
  id, name: id, created: 0, settings: { ...presets.small, data, block: 20 }, text: null, status: "done", message: null, step, parameters: 1, adapter: null,
  loss: null, bestValidationLoss: null, exactMatch: null, trainedSeconds: 0, savedStep: null, changes: [], clonedFrom: null,
});

const page = {
  async train(id: string, data: string, steps: number) {
    const exactMatch = await worker.train(id, data, steps);
    const record = { ...recordOf(id, data === "task" ? "task:copy:2" : "words.txt", steps), exactMatch };
    runs.value = new Map(runs.value).set(id, { record, metrics: new MetricsLog(), elsewhere: false });
    selectedRun.value = id;
    return exactMatch;
  },
  select: (id: string) => (selectedRun.value = id),
  /** As a "sample" event does. */
  tell: (id: string, step: number, tokens: SampledToken[]) => {
    const run = runs.value.get(id)!;
    runs.value = new Map(runs.value).set(id, { ...run, record: { ...run.record, step } });
    addSample(id, { step, tokens });
  },
  /** As "record" and "rows" events do. */
  validate(id: string, step: number) {
    const run = runs.value.get(id)!;
    runs.value = new Map(runs.value).set(id, { ...run, record: { ...run.record, step } });
    run.metrics.append({ steps: [], validations: [{ step, validationLoss: 1, trainLoss: 1, bestValidationLoss: 1, exactMatch: null, seconds: 1 }], sharpness: [] });
  },
  asked: () => worker.asked(),
  theme: chooseTheme,
};

export type TextPage = typeof page;
Object.assign(globalThis, { textPage: page });
device.value = { adapter: {} as never, features: [], limits: { maxBufferSize: 0, maxStorageBufferBindingSize: 0 } };
render(
  <>
    <Notices />
    <section class="panel" aria-label="Text">
      <TextPanel />
    </section>
    <section class="panel" aria-label="Attention">
      <AttentionPanel />
    </section>
  </>,
  document.getElementById("panel")!,
);
