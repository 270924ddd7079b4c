// Advice: a peak, a warmup and a schedule, with what it rests on.
import { useSignal } from "@preact/signals";
import { rate } from "../layout/format.js";
import type { AdviceResult } from "../protocol.js";
import { OtherSettings } from "./other_settings.js";
import { foundAdvice, isOfForm, reasonAgainst, startAdvice, type Found } from "./state.js";
import { ToolControls } from "./tool_controls.js";
import { useAdvice } from "./use_rates.js";

export function AdviceSection() {
  const found = foundAdvice.value;
  return (
    <section class="tool" aria-labelledby="tool-advice">
      <h3 id="tool-advice">Advice</h3>
      <p class="small">Measures how far the first step may go, the range of useful rates, the sharpness and the noise of the gradient, and says from them how high to go and how long to warm up.</p>
      <ToolControls tool="advice" label="Advise a schedule" help="About 160 steps and some hundred gradients on a model of its own. No run is changed." against={reasonAgainst.value} start={startAdvice} />
      {found && <AdviceFound found={found} />}
    </section>
  );
}

function AdviceFound({ found }: { found: Found<AdviceResult> }) {
  const used = useSignal(false);
  const { result } = found;
  const { peak, warmup, start, reasons, schedule } = result;
  const use = () => {
    useAdvice(result);
    used.value = true;
  };
  return (
    <>
      <OtherSettings shown={!isOfForm(found) && !used.value} />
      <dl class="tool-numbers">
        <div>
          <dt>Peak</dt>
          <dd>{rate(peak)}</dd>
        </div>
        <div>
          <dt>Warmup</dt>
          <dd>{warmup === 0 ? "none" : `${warmup} steps`}</dd>
        </div>
        <div>
          <dt>Starts at</dt>
          <dd>{rate(start)}</dd>
        </div>
      </dl>
      <ul class="tool-reasons">
        {reasons.map((reason) => (
          <li key={reason}>{reason}</li>
        ))}
      </ul>
      <pre class="tool-expression" tabIndex={0} aria-label="The schedule as an expression">
        {schedule}
      </pre>
      <div class="row">
        <button type="button" class="primary" title="Puts the schedule into the form and its editor; a run that trains keeps its own" onClick={use}>
          Use this schedule
        </button>
        <span role="status" class="small">
          {used.value && "The form has it now: Start trains with it."}
        </span>
      </div>
    </>
  );
}
