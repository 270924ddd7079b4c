// How large the run would be, and whether the device can hold it.
import { estimate, estimateError, estimating, wontFit } from "../state/estimate.js";
import { settingsError } from "../state/settings.js";
import { bytes, count } from "../layout/format.js";

export function EstimateView() {
  const known = estimate.value;
  const stale = estimating.value || settingsError.value !== null || estimateError.value !== null;
  return (
    <section class="estimate" aria-label="Size of this run" aria-live="polite" data-stale={stale}>
      {known ? (
        <>
          <dl>
            <Item term="Parameters" value={count(known.parameters)} />
            <Item term="Memory" value={bytes(known.memory.total)} />
            <Item term="Vocabulary" value={count(known.vocabulary)} />
            <Item term="Tokens to train on" value={count(known.trainTokens)} />
          </dl>
          <details>
            <summary>What the memory is for</summary>
            <dl>
              <Item term="Parameters" value={bytes(known.memory.parameters)} />
              <Item term="Gradients" value={bytes(known.memory.gradients)} />
              <Item term="Optimizer" value={bytes(known.memory.optimizer)} />
              <Item term="Activations" value={bytes(known.memory.activations)} />
              <Item term="Largest buffer" value={bytes(known.memory.largestBuffer)} />
            </dl>
          </details>
        </>
      ) : (
        <p class="muted">{estimating.value ? "Counting parameters…" : "Parameters and memory are shown once the device is ready."}</p>
      )}
      {wontFit.value !== null ? <p class="error">✗ Will not fit: {wontFit}</p> : known && !stale && <p class="fits">✓ Fits this device</p>}
    </section>
  );
}

function Item({ term, value }: { term: string; value: string }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{value}</dd>
    </div>
  );
}
