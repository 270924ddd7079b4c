// The charts of the drawn runs, over one x axis and with one cursor.
import "uplot/dist/uPlot.min.css";
import "./charts.css";
import { useId } from "preact/hooks";
import { drawn } from "../state/runs.js";
import { Chart } from "./chart.js";
import { hasData } from "./chart_lines.js";
import { chartSpecs, type XAxis } from "./chart_specs.js";
import { panBy, shownRange, smoothing, xAxis, xLog, zoom, zoomBy } from "./state.js";

export function ChartsPanel() {
  const shown = chartSpecs.filter((spec) => !spec.optional || hasData(spec));
  return (
    <div class="charts">
      <Controls />
      {drawn.value.length === 0 && <p class="muted">Charts fill as a run trains. Drag over one to zoom in, double-click to see all again.</p>}
      <div class="charts-grid">
        {shown.map((spec) => (
          <Chart key={spec.id} spec={spec} />
        ))}
      </div>
    </div>
  );
}

function Controls() {
  const id = useId();
  const chooseAxis = (axis: XAxis) => {
    // A zoom into steps says nothing about seconds.
    zoom.value = null;
    xAxis.value = axis;
  };
  const middle = () => (shownRange.value[0] + shownRange.value[1]) / 2;
  return (
    <div class="charts-controls row">
      <div class="row" role="group" aria-label="What runs along the charts">
        <button type="button" aria-pressed={xAxis.value === "step"} title="Along the steps of training: runs are compared at equal numbers of updates" onClick={() => chooseAxis("step")}>
          steps
        </button>
        <button type="button" aria-pressed={xAxis.value === "time"} title="Along the time trained, without pauses: runs are compared at equal cost" onClick={() => chooseAxis("time")}>
          time
        </button>
        <button type="button" aria-pressed={xLog} title="Steps or time on a logarithmic axis: the first steps, where warmup acts, get more room" onClick={() => (xLog.value = !xLog.value)}>
          log x
        </button>
      </div>
      <label class="row" for={`${id}-smoothing`} title="Averages the training loss over about so many steps. It changes the drawing, not the training">
        Smoothing
        <input id={`${id}-smoothing`} type="range" min={0} max={3} step={0.05} value={Math.log10(stepsOf(smoothing.value))} aria-valuetext={smoothingText()} onInput={(event) => (smoothing.value = 1 - 10 ** -Number(event.currentTarget.value))} />
        <span class="muted charts-smoothing">{smoothingText()}</span>
      </label>
      <div class="row" role="group" aria-label="Zoom">
        <button type="button" aria-label="Zoom in" title="Show half as much" onClick={() => zoomBy(0.5, middle())}>
          +
        </button>
        <button type="button" aria-label="Zoom out" title="Show twice as much" disabled={zoom.value === null} onClick={() => zoomBy(2, middle())}>
          −
        </button>
        <button type="button" aria-label="Earlier" title="Move the zoom back by half; a sideways wheel does the same" disabled={zoom.value === null} onClick={() => panBy(-0.5)}>
          ‹
        </button>
        <button type="button" aria-label="Later" title="Move the zoom on by half" disabled={zoom.value === null} onClick={() => panBy(0.5)}>
          ›
        </button>
        <button type="button" title="Show all steps again; a double click on a chart does the same" disabled={zoom.value === null} onClick={() => (zoom.value = null)}>
          all
        </button>
      </div>
    </div>
  );
}

/** An average with b = 1 - 1/n looks back about n steps. */
const stepsOf = (amount: number) => 1 / (1 - amount);

function smoothingText(): string {
  const steps = Math.round(stepsOf(smoothing.value));
  return steps <= 1 ? "none" : `about ${steps} steps`;
}
