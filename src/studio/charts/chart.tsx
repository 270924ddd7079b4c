// One chart: its plot, its legend with the values at the cursor, its table and its files.
import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { drawn } from "../state/runs.js";
import { ChartDrawing, moveCursor } from "./chart_drawing.js";
import { isLog } from "./chart_lines.js";
import { chartPicture } from "./chart_picture.js";
import { xText, type ChartSpec } from "./chart_specs.js";
import { ChartTable } from "./chart_table.js";
import { pictureColors, picturePng, pictureSvg, saveFile } from "./export.js";
import { Legend, readingsOf } from "./legend.js";
import { cursor, panBy, shownRange, toggledLog, xAxis, zoom, zoomBy } from "./state.js";

export function Chart({ spec }: { spec: ChartSpec }) {
  const heading = useId();
  const tableShown = useSignal(false);
  const failure = useSignal<string | null>(null);
  const { id, title, help } = spec;
  const savePng = async () => {
    try {
      saveFile(`${id}.png`, await picturePng(chartPicture(spec), pictureColors()));
      failure.value = null;
    } catch (error) {
      failure.value = (error as Error).message;
    }
  };
  return (
    <figure class="chart" aria-labelledby={heading} data-chart={id}>
      <div class="chart-head">
        <h3 id={heading} title={help}>
          {title}
        </h3>
        <div class="chart-buttons" role="group" aria-label={`${title}: view and files`}>
          <button type="button" aria-pressed={isLog(spec)} title="Values on a logarithmic axis: equal ratios are equally far apart" onClick={() => toggleLog(id)}>
            log
          </button>
          <button type="button" aria-pressed={tableShown} title="The numbers of this chart as a table" onClick={() => (tableShown.value = !tableShown.value)}>
            table
          </button>
          <button type="button" title="Save this chart as an image" aria-label={`Save ${title} as PNG`} onClick={savePng}>
            PNG
          </button>
          <button type="button" title="Save this chart as a drawing that scales" aria-label={`Save ${title} as SVG`} onClick={() => saveFile(`${id}.svg`, new Blob([pictureSvg(chartPicture(spec), pictureColors())], { type: "image/svg+xml" }))}>
            SVG
          </button>
        </div>
      </div>
      <Plot spec={spec} />
      <Legend spec={spec} />
      {failure.value && (
        <p class="error" role="alert">
          {failure}
        </p>
      )}
      {tableShown.value && <ChartTable spec={spec} />}
    </figure>
  );
}

/** The canvas. To assistive technology it is a slider: its value is where the cursor is, and what the curves are there. */
function Plot({ spec }: { spec: ChartSpec }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const drawing = new ChartDrawing(host.current!, spec);
    return () => drawing.dispose();
  }, [spec]);
  const [min, max] = shownRange.value;
  const at = cursor.value ?? max;
  return (
    <div
      ref={host}
      class="chart-plot"
      tabIndex={0}
      role="slider"
      aria-label={`${spec.title}: cursor. Arrows move it, plus and minus zoom, page keys go back and forth, 0 shows all`}
      aria-valuemin={round(min)}
      aria-valuemax={round(max)}
      aria-valuenow={round(at)}
      aria-valuetext={`${xText(at, xAxis.value)}: ${readingsOf(spec, at).map(({ run, values }) => `${run.record.name} ${values.map(({ name, text }) => `${name} ${text}`).join(", ")}`).join("; ") || "nothing yet"}`}
      onKeyDown={onKey}
      onBlur={() => moveCursor(null)}
    />
  );
}

const round = (value: number) => Number(value.toPrecision(6));

function toggleLog(id: string): void {
  const next = new Set(toggledLog.value);
  if (!next.delete(id)) next.add(id);
  toggledLog.value = next;
}

/** A fine step is a two-hundredth of what is shown, a coarse one ten of them. */
function onKey(event: KeyboardEvent): void {
  const [min, max] = shownRange.value;
  const at = cursor.value ?? max;
  const fine = Math.max((max - min) / 200, xAxis.value === "step" ? 1 : 0) * (event.shiftKey ? 10 : 1);
  const moves: Record<string, () => void> = {
    ArrowLeft: () => moveCursor(Math.max(min, at - fine)),
    ArrowRight: () => moveCursor(Math.min(max, at + fine)),
    PageUp: () => panBy(-0.5),
    PageDown: () => panBy(0.5),
    Home: () => moveCursor(min),
    End: () => moveCursor(max),
    "+": () => zoomBy(0.5, at),
    "=": () => zoomBy(0.5, at),
    "-": () => zoomBy(2, at),
    "0": () => (zoom.value = null),
    Escape: () => (zoom.value = null),
  };
  const move = event.ctrlKey || event.metaKey || event.altKey || drawn.value.length === 0 ? undefined : moves[event.key];
  if (!move) return;
  event.preventDefault();
  move();
}
