// The schedule editor alone, with settings and runs fed by the test.
import "../../src/studio/theme.css";
import { render } from "preact";
import { batch } from "@preact/signals";
import type { Remote } from "comlink";
import { worker } from "../../src/studio/client.js";
import { scheduleOf } from "../../src/recipe/schedule_of.js";
import { presets } from "../../src/recipe/presets.js";
import { parseSchedule } from "../../src/recipe/schedule_expression.js";
import { SchedulePanel } from "../../src/studio/schedule_editor/schedule_panel.js";
import { MetricsLog } from "../../src/studio/state/metrics_log.js";
import { runs, selectedRun } from "../../src/studio/state/runs.js";
import { changeSettings, settings, settingsError } from "../../src/studio/state/settings.js";
import { chooseTheme } from "../../src/studio/state/theme.js";
import type { TrainSettings } from "../../src/recipe/settings.js";
import type { EditorWorker } from "./studio_schedule_editor_worker.js";

const studio = {
  settings: () => settings.value,
  error: () => settingsError.value,
  change: (change: Partial<TrainSettings>) => changeSettings(change),
  rates: (steps: readonly number[]) => steps.map((t) => scheduleOf(settings.value).at(t)),
  ratesOf: (text: string, steps: readonly number[]) => steps.map((t) => parseSchedule(text).at(t)),
  /** A run that trains, with so many steps done at a tenth of the planned rate. */
  train(steps: number, edge: number | null) {
    const metrics = new MetricsLog();
    const { small } = presets;
    const rows = Array.from({ length: steps }, (_, i) => ({ step: i + 1, loss: 3, lr: 0.1 * scheduleOf(small).at(i), gradNorm: 1, clipped: false, skipped: false, lossScale: 1, tokensPerSecond: 1000, seconds: i / 20 }));
    metrics.append({ steps: rows, validations: [], sharpness: edge === null ? [] : [50, 100, 150].map((step) => ({ step, sharpness: 2 / edge, threshold: edge })) });
    batch(() => {
      runs.value = new Map([["run", { metrics, elsewhere: false, record: {
        id: "run", name: "first run", created: 0, settings: small, text: null, status: "running", message: null, step: steps, parameters: 1, adapter: null,
        loss: 3, bestValidationLoss: null, exactMatch: null, trainedSeconds: 1, savedStep: null, changes: [], clonedFrom: null,
      } }]]);
      selectedRun.value = "run";
    });
  },
  workerChanges: () => (worker as unknown as Remote<EditorWorker>).changes(),
  theme: chooseTheme,
};

export type EditorPage = typeof studio;
Object.assign(globalThis, { studio });
render(<SchedulePanel />, document.getElementById("panel")!);
