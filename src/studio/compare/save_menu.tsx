// Files of the drawn runs.
import { useRef } from "preact/hooks";
import { pictureColors, pictureSvg, saveFile, defaultSize } from "../charts/export.js";
import { chartPicture } from "../charts/chart_picture.js";
import { chartSpecs } from "../charts/chart_specs.js";
import { hasData } from "../charts/chart_lines.js";
import { notify, telling } from "../state/notices.js";
import { drawn } from "../state/runs.js";
import { loadMetrics } from "../state/load_metrics.js";
import { loadSamples } from "../state/load_samples.js";
import { samplesOf } from "../state/samples.js";
import { metricsCsv, runsJson, samplesText, settingsCsv } from "./run_files.js";
import { exportedRuns } from "./state.js";

export function SaveMenu({ disabled }: { disabled: boolean }) {
  const menu = useRef<HTMLDetailsElement>(null);
  const close = () => {
    menu.current!.open = false;
    menu.current!.querySelector("summary")!.focus();
  };
  const leave = ({ relatedTarget: next }: FocusEvent) => {
    if (next instanceof Node && !menu.current!.contains(next)) menu.current!.open = false;
  };
  const item = (label: string, help: string, work: () => Promise<void>, off = false) => (
    <button type="button" disabled={off} title={help} onClick={() => void telling(work).then(close)}>
      {label}
    </button>
  );
  return (
    <details class="runs-menu" ref={menu} onKeyDown={(event) => event.key === "Escape" && close()} onFocusOut={leave}>
      <summary class="button" aria-disabled={disabled} title="Files of the drawn runs, or of all where none is drawn">
        Save…
      </summary>
      <div class="runs-menu-items">
        {item("Runs as JSON", "Settings, results, live changes and all rows of the drawn runs, for programs.", saveJson, disabled)}
        {item("Metrics as CSV", "One line for each number: run, step, metric, value. Plotting tools group it as they like.", saveMetrics, disabled)}
        {item("Settings and results as CSV", "One line for each run, for spreadsheets.", saveSettings, disabled)}
        {item("Charts as SVG", "All charts as they are drawn now, one below the other. Single charts have their own buttons, for PNG too.", saveCharts, disabled || drawn.value.length === 0)}
        {item("Samples as text", "What the drawn runs wrote last while they trained.", saveSamples, disabled)}
      </div>
    </details>
  );
}

const text = (content: string, type: string) => new Blob([content], { type: `${type};charset=utf-8` });

async function loadedRuns() {
  const chosen = exportedRuns();
  await Promise.all(chosen.map(loadMetrics));
  return chosen;
}

async function saveJson(): Promise<void> {
  saveFile("kiln-runs.json", text(runsJson(await loadedRuns()), "application/json"));
}

async function saveMetrics(): Promise<void> {
  saveFile("kiln-metrics.csv", text(metricsCsv(await loadedRuns()), "text/csv"));
}

async function saveSettings(): Promise<void> {
  saveFile("kiln-runs.csv", text(settingsCsv(await loadedRuns()), "text/csv"));
}

async function saveSamples(): Promise<void> {
  const chosen = exportedRuns();
  await Promise.all(chosen.map(({ record }) => loadSamples(record.id)));
  const samples = chosen.flatMap(({ record: { id, name } }) => {
    const newest = samplesOf(id).find(({ trained }) => trained);
    return newest ? [{ name, step: newest.step, text: newest.tokens.map((token) => token.text).join("") }] : [];
  });
  if (samples.length === 0) notify("warning", "These runs have written nothing while they trained: switch on “Write as it trains” in the text panel.");
  else saveFile("kiln-samples.txt", text(samplesText(samples), "text/plain"));
}

async function saveCharts(): Promise<void> {
  const pictures = chartSpecs.filter(hasData).map((spec) => pictureSvg(chartPicture(spec), pictureColors()));
  if (pictures.length === 0) notify("warning", "There is nothing in the charts yet.");
  else saveFile("kiln-charts.svg", text(stacked(pictures), "image/svg+xml"));
}

/** One document of several; each keeps its names of clips to itself. */
function stacked(pictures: readonly string[]): string {
  const { width, height } = defaultSize;
  const parts = pictures.map((svg, i) => svg.replace("<svg ", `<svg y="${i * height}" `).replace(/(id="|url\(#)plot/g, `$1chart${i}-plot`));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height * pictures.length}" viewBox="0 0 ${width} ${height * pictures.length}">\n${parts.join("")}</svg>\n`;
}
