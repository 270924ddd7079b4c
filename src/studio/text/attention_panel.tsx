// Where the heads of a model look.
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useId } from "preact/hooks";
import { describedBy, Field } from "../layout/field.js";
import { telling } from "../state/notices.js";
import { device, runs, selected, type Run } from "../state/runs.js";
import { AttentionMap } from "./attention_map.js";
import { asItTrains, head, layer, look, lookAgain, looked, textFor, typed, type Looked } from "./attention_state.js";
import { LargeMap } from "./large_map.js";
import "./attention.css";

export function AttentionPanel() {
  const validated = useComputed(() => {
    const run = selected.value;
    return run && run.metrics.version.value >= 0 ? `${run.record.id} ${run.metrics.validations.length}` : "";
  });
  useSignalEffect(() => {
    const run = validated.value === "" ? null : selected.peek();
    if (run && asItTrains.value) void telling(() => lookAgain(run));
  });
  const run = selected.value;
  return (
    <div class="attention-panel">
      <LookForm run={run} />
      {looked.value && runs.value.has(looked.value.run) ? <Maps looked={looked.value} /> : <p class="muted">{run ? "Press “Look” to see which tokens each head looks at." : "Start a run, or choose one, to see where its heads look."}</p>}
    </div>
  );
}

function LookForm({ run }: { run: Run | null }) {
  const id = useId();
  const looking = useSignal(false);
  const ask = async (event: Event) => {
    event.preventDefault();
    looking.value = true;
    await telling(() => look(run!));
    looking.value = false;
  };
  return (
    <form class="row look-form" onSubmit={(event) => void ask(event)}>
      <Field id={id} label="Text" hint="The model reads it; nothing is written and nothing changes in training. Of a long text the last tokens count, as many as the context holds." wide>
        <input id={id} spellcheck={false} autocomplete="off" aria-describedby={describedBy(id)} value={typed.value ?? (run ? textFor(run) : "")} onInput={(event) => (typed.value = event.currentTarget.value)} />
      </Field>
      <button class="primary" disabled={!run || !device.value || looking.value} title="Reads the text with the weights of this moment. A run that trains goes on afterwards.">
        {looking.value ? "Looking…" : "Look"}
      </button>
      {typed.value !== null && (
        <button type="button" onClick={() => (typed.value = null)} title="Back to a text that suits the data">
          Reset text
        </button>
      )}
      <label class="row" title="After each validation the same text is read again, so that you see the heads learn where to look. It takes a moment from training">
        <input type="checkbox" checked={asItTrains.value} onChange={(event) => (asItTrains.value = event.currentTarget.checked)} />
        Look again as it trains
      </label>
    </form>
  );
}

function Maps({ looked: { run, step, maps } }: { looked: Looked }) {
  const { tokens, weights } = maps;
  const name = `Layer ${layer.value + 1}, head ${head.value + 1}`;
  return (
    <>
      <p class="muted small">
        {runs.value.get(run)!.record.name}, step {step.toLocaleString("en")}. Each row is a token; the stronger the colour of a cell, the more the token looks at that column. A row adds up to 1. Later tokens cannot be looked at.
      </p>
      <div class="attention-results">
        <LargeMap tokens={tokens} weights={weights[layer.value]![head.value]!} name={name} />
        <div class="heads">
          {weights.map((heads, l) => (
            <fieldset key={l}>
              <legend>Layer {l + 1}</legend>
              {heads.map((map, h) => (
                <button
                  key={h}
                  type="button"
                  aria-pressed={layer.value === l && head.value === h}
                  title={`Shows head ${h + 1} of layer ${l + 1} large`}
                  onClick={() => {
                    layer.value = l;
                    head.value = h;
                  }}
                >
                  <AttentionMap weights={map} seq={tokens.length} />
                  <span class="visually-hidden">layer {l + 1}, </span>
                  <span class="small">head {h + 1}</span>
                </button>
              ))}
            </fieldset>
          ))}
        </div>
      </div>
    </>
  );
}
