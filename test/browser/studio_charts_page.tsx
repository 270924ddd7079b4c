// The charts alone, fed by the test instead of a worker.
import "../../src/studio/theme.css";
import { render } from "preact";
import { batch } from "@preact/signals";
import { ChartsPanel } from "../../src/studio/charts/charts_panel.js";
import { chartCurves } from "../../src/studio/charts/chart_lines.js";
import { chartPicture } from "../../src/studio/charts/chart_picture.js";
import { chartSpecs } from "../../src/studio/charts/chart_specs.js";
import { pictureColors, picturePng, pictureSvg } from "../../src/studio/charts/export.js";
import { shownRange, zoom } from "../../src/studio/charts/state.js";
import { presets } from "../../src/recipe/presets.js";
import type { RunRecord, StepRow, ValidationRow } from "../../src/studio/protocol.js";
import { MetricsLog } from "../../src/studio/state/metrics_log.js";
import { comparedRuns, runs, selectedRun, type Run } from "../../src/studio/state/runs.js";
import { chooseTheme } from "../../src/studio/state/theme.js";

const record = (id: string, name: string, created: number): RunRecord => ({
  id, name, created, settings: presets.small, text: null, status: "done", message: null, step: 0, parameters: 1000, adapter: null,
  loss: null, bestValidationLoss: null, exactMatch: null, trainedSeconds: 0, savedStep: null, changes: [], clonedFrom: null,
});

/** A number in [0, 1) from a number: the same curves at every run of the tests. */
function noise(i: number): number {
  let x = Math.imul(i + 1, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
  return ((x ^ (x >>> 13)) >>> 0) / 2 ** 32;
}

function stepRow(run: number, i: number, steps: number): StepRow {
  const warm = Math.min(1, (i + 1) / (steps / 10));
  const gradNorm = 0.3 + 2 * Math.exp(-i / (steps / 20)) + 0.6 * noise(i * 7 + run);
  const skipped = i % (steps / 2) === 40;
  return {
    step: i + 1, loss: 1.6 + 0.1 * run + 2.6 * Math.exp(-i / (steps / 6)) + 0.25 * noise(i + run * 977), lr: 8e-3 * warm * 0.5 * (1 + Math.cos((Math.PI * i) / steps)),
    gradNorm: skipped ? NaN : gradNorm, clipped: !skipped && gradNorm > 1.6, skipped, lossScale: 1, tokensPerSecond: i < 5 ? 0 : 3000 + 400 * noise(i), seconds: (i + 1) * (0.03 + 0.01 * run),
  };
}

const studio = {
  /** Runs as a worker would have told them. */
  make({ count, steps, sharp = false, exact = false }: { count: number; steps: number; sharp?: boolean; exact?: boolean }) {
    const made = Array.from({ length: count }, (_, run): [string, Run] => {
      const metrics = new MetricsLog();
      const rows = Array.from({ length: steps }, (_, i) => stepRow(run, i, steps));
      const every = Math.max(1, Math.floor(steps / 8));
      const validations = Array.from({ length: 8 }, (_, k): ValidationRow => ({ step: (k + 1) * every, validationLoss: 1.9 + 0.1 * run + 2 * Math.exp(-k / 2), trainLoss: null, bestValidationLoss: 1, seconds: (k + 1) * every * (0.03 + 0.01 * run), exactMatch: exact ? k / 8 : null }));
      const sharpness = sharp ? validations.map(({ step }) => ({ step, sharpness: 200 + step, threshold: 2 / (200 + step) })) : [];
      metrics.append({ steps: rows, validations, sharpness });
      return [`run-${run}`, { record: record(`run-${run}`, run === 0 ? "post-LN" : `without warmup ${run}`, run), metrics, elsewhere: false }];
    });
    batch(() => {
      runs.value = new Map(made);
      selectedRun.value = made[0]?.[0] ?? null;
      comparedRuns.value = new Set(made.slice(1).map(([id]) => id));
    });
  },
  append(id: string, from: number, to: number, steps: number) {
    runs.value.get(id)!.metrics.append({ steps: Array.from({ length: to - from }, (_, i) => stepRow(0, from + i, steps)), validations: [], sharpness: [] });
  },
  rewind: (id: string, step: number) => runs.value.get(id)!.metrics.rewind(step),
  select: (id: string, others: string[]) => batch(() => ((selectedRun.value = id), (comparedRuns.value = new Set(others)))),
  theme: chooseTheme,
  range: () => [...shownRange.value],
  zoomed: () => zoom.value !== null,
  setZoom: (range: [number, number] | null) => (zoom.value = range),
  svg: (id: string) => pictureSvg(chartPicture(chartSpecs.find((spec) => spec.id === id)!), pictureColors()),
  async png(id: string) {
    const bytes = new Uint8Array(await (await picturePng(chartPicture(chartSpecs.find((spec) => spec.id === id)!), pictureColors())).arrayBuffer());
    return { bytes: bytes.length, head: [...bytes.slice(0, 8)], width: new DataView(bytes.buffer).getUint32(16), height: new DataView(bytes.buffer).getUint32(20) };
  },
  /** Points that a drawing of the loss hands to the canvas on a plot so many pixels wide. */
  points: (columns: number) => chartCurves(chartSpecs[0]!, columns).reduce((sum, { points }) => sum + points.x.length, 0),
  /** Frames a second while a window of half the steps pans over the runs: each frame a new zoom. */
  async pan(frames: number, steps: number) {
    const times: number[] = [];
    for (let i = 0; i <= frames; i++) {
      const start = 1 + (steps / 2) * (i / frames);
      zoom.value = [start, start + steps / 2];
      await new Promise(requestAnimationFrame);
      times.push(performance.now());
    }
    return frames / ((times.at(-1)! - times[0]!) / 1000);
  },
};

export type ChartsPage = typeof studio;
Object.assign(globalThis, { studio });
render(<ChartsPanel />, document.getElementById("panel")!);
