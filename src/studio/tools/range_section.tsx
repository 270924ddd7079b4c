// The range test: which learning rates are of use.
import { useSignal } from "@preact/signals";
import { rate } from "../layout/format.js";
import { shortNumber } from "../charts/chart_specs.js";
import { settings } from "../state/settings.js";
import { RangePlot } from "./range_plot.js";
import { foundRange, isOfForm, reasonAgainst, startRangeTest, type Found } from "./state.js";
import { OtherSettings } from "./other_settings.js";
import { ToolControls } from "./tool_controls.js";
import { peakOf, useAsPeak } from "./use_rates.js";
import type { RangeTestResult } from "../protocol.js";

export function RangeSection() {
  const found = foundRange.value;
  return (
    <section class="tool" aria-labelledby="tool-range">
      <h3 id="tool-range">Range test</h3>
      <p class="small">Trains a new model of the form's settings for 100 steps with an ever higher rate, and shows at which rates the loss falls, stops falling and bursts.</p>
      <ToolControls tool="range" label="Run the range test" help="100 steps on a model of its own, with rates from 0.0000001 to 10. No run is changed." against={reasonAgainst.value} start={startRangeTest} />
      {found && <RangeFound found={found} />}
    </section>
  );
}

function RangeFound({ found }: { found: Found<RangeTestResult> }) {
  const tableShown = useSignal(false);
  const used = useSignal<number | null>(null);
  const { result } = found;
  const use = (lr: number) => {
    useAsPeak(lr);
    used.value = lr;
  };
  return (
    <>
      <OtherSettings shown={!isOfForm(found) && used.value === null} />
      {result.lrs.length > 1 && <RangePlot result={result} />}
      <p>{result.explanation}</p>
      <div class="row">
        {result.suggestion !== null && (
          <button type="button" class="primary" title="The whole schedule of the form is scaled to this highest rate; its shape stays" onClick={() => use(result.suggestion!)}>
            Use {rate(result.suggestion)} as peak
          </button>
        )}
        {result.lrs.length > 0 && (
          <button type="button" aria-pressed={tableShown} title="Every rate that was tried, with its loss" onClick={() => (tableShown.value = !tableShown.value)}>
            Table
          </button>
        )}
        <span role="status" class="small">
          {used.value !== null && `The form's peak is now ${rate(peakOf(settings.value))}.`}
        </span>
      </div>
      {tableShown.value && <RangeTable result={result} />}
    </>
  );
}

function RangeTable({ result: { lrs, losses, smoothed } }: { result: RangeTestResult }) {
  return (
    <div class="tool-table" tabIndex={0} role="region" aria-label="Range test: every rate that was tried">
      <table>
        <thead>
          <tr>
            <th scope="col">rate</th>
            <th scope="col">loss after it</th>
            <th scope="col">running mean</th>
          </tr>
        </thead>
        <tbody>
          {lrs.map((lr, i) => (
            <tr key={lr}>
              <td>{rate(lr)}</td>
              <td>{shortNumber(losses[i])}</td>
              <td>{shortNumber(smoothed[i])}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
