// What theory says of the schedule, at once: how far it can go, whether it would come to rest, whether it is stable.
import { rate } from "../layout/format.js";
import { mostDescribed, report, steps } from "./state.js";
import { shownRun, stability } from "./run_rates.js";

const yesOrNo = (value: boolean | null) => (value === null ? "not to be told" : value ? "yes" : "no");

export function ReportView() {
  const found = report.value;
  if (!found) return null;
  const { peak, first, last, sum, sumOfSquares, warmup, robbinsMonro, warnings, notes } = found;
  return (
    <div class="schedule-report" aria-live="polite">
      <dl>
        <dt title="The first, highest and last rate of the run">Rates</dt>
        <dd>
          {rate(first)} first, {rate(peak.value)} at step {peak.step}, {rate(last)} last
        </dd>
        <dt title="Sum of all rates: as far as gradients of length 1 could move a weight. And the sum of their squares: how much noise comes in">Sum of rates</dt>
        <dd data-sum={sum}>
          {rate(sum)}, of squares {rate(sumOfSquares)}
          {warmup && `; ${Math.round(100 * warmup.share)} % of it in the warmup of ${warmup.steps} steps`}
          {steps.value > mostDescribed && `; of the first ${mostDescribed} steps`}
        </dd>
        <dt title="Robbins and Monro 1951: rates whose sum is infinite reach any place, and rates whose squares add up to a finite sum come to rest there">Continued for ever</dt>
        <dd data-robbins-monro>
          {robbinsMonro.verdict}. Reaches any distance: {yesOrNo(robbinsMonro.sumDiverges)}; noise dies out: {yesOrNo(robbinsMonro.squaresConverge)}
        </dd>
        <dt title="Against the sharpness measured while the run in front trained: above the edge, steps overshoot by more than they correct">Stability</dt>
        <dd data-stability={stability.value?.verdict ?? "unknown"}>
          <StabilityText />
        </dd>
      </dl>
      {[...warnings, ...notes].map((text) => (
        <p key={text} class={warnings.includes(text) ? "schedule-warning" : "muted"}>
          {text}
        </p>
      ))}
    </div>
  );
}

function StabilityText() {
  const found = stability.value;
  if (!found) return <span class="muted">not measured: switch on the measuring of sharpness under Tools, and train</span>;
  const { verdict, step, rate: planned, edge, share } = found;
  const words = { inside: "inside the edge", at: "at the edge", past: "past the edge: expect the loss to jump" }[verdict];
  return (
    <span class={verdict === "past" ? "error" : ""}>
      {words}. At step {step} the largest stable rate of {shownRun.value!.record.name} was {rate(edge)}; this schedule has {rate(planned)} there, {Math.round(100 * share)} % of it
    </span>
  );
}
