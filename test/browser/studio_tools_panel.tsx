// The tools' panel alone, with a small toy task in the form.
import "../../src/studio/theme.css";
import { render } from "preact";
import { parseSchedule } from "../../src/recipe/schedule_expression.js";
import { connect } from "../../src/studio/client.js";
import { changeSettings, settings } from "../../src/studio/state/settings.js";
import { runs, selectedRun } from "../../src/studio/state/runs.js";
import { MetricsLog } from "../../src/studio/state/metrics_log.js";
import "../../src/studio/state/theme.js";
import { ToolsPanel } from "../../src/studio/tools/tools_panel.js";

changeSettings({ data: "task:copy", layers: 1, heads: 2, width: 16, block: 16, batch: 4, steps: 200 });
void connect();
render(<ToolsPanel />, document.getElementById("panel")!);

/** A run with measurements, as the worker would tell of it. */
function showRun(): void {
  const metrics = new MetricsLog();
  metrics.append({
    steps: [1, 51, 101].map((step) => ({ step, loss: 3, lr: step === 101 ? 8e-3 : 1e-3 * step, gradNorm: 1, clipped: false, skipped: false, lossScale: 1, tokensPerSecond: 1000, seconds: step })),
    validations: [],
    sharpness: [50, 100].map((step) => ({ step, sharpness: 38 / (step === 50 ? 0.02 : 5e-3), threshold: step === 50 ? 0.02 : 5e-3 })),
  });
  const record = {
    id: "a", name: "First look", created: 1, settings: settings.value, text: null, status: "paused" as const, message: null, step: 100, parameters: 1000, adapter: null,
    loss: 3, bestValidationLoss: null, exactMatch: null, trainedSeconds: 1, savedStep: 100, changes: [], clonedFrom: null,
  };
  runs.value = new Map([["a", { record, metrics, elsewhere: false }]]);
  selectedRun.value = "a";
}

const panel = { showRun, changeSettings, settings: () => settings.value, rateAt: (expression: string, t: number) => parseSchedule(expression).at(t) };
export type ToolsPanelPage = typeof panel;
Object.assign(globalThis, { panel });
