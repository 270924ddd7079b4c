// How the model is to write. Nothing here changes the training.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { KilnError } from "../../errors.js";
import { numberOf, type ValueRange } from "../../recipe/values.js";
import { describedBy, Field } from "../layout/field.js";
import { request } from "./state.js";

type NumberName = "length" | "temperature" | "topP" | "seed";

const numbers: readonly { name: NumberName; label: string; hint: string; range: ValueRange; step: number | "any" }[] = [
  { name: "length", label: "Length", hint: "How many tokens to write. Answers to a toy task are as long as they must be.", range: { min: 1, max: 5000, integer: true, example: 80 }, step: 1 },
  { name: "temperature", label: "Temperature", hint: "0 always takes the likeliest token. 1 draws as the model says. Higher is wilder.", range: { min: 0, max: 10, example: 0.8 }, step: "any" },
  { name: "topP", label: "Top-p", hint: "Draws only among the likeliest tokens that together have this probability. 1 allows all.", range: { above: 0, max: 1, example: 0.9 }, step: "any" },
  { name: "seed", label: "Seed", hint: "The same seed and the same weights write the same text.", range: { min: 0, max: 2 ** 32 - 1, integer: true, example: 1 }, step: 1 },
];

export function RequestForm({ placeholder }: { placeholder: string }) {
  const id = useId();
  return (
    <div class="request">
      <Field id={id} label="Prompt" hint="What the model goes on from. It does not change the training." wide>
        <textarea id={id} rows={2} spellcheck={false} placeholder={placeholder} aria-describedby={describedBy(id)} value={request.value.prompt} onInput={(event) => (request.value = { ...request.value, prompt: event.currentTarget.value })} />
      </Field>
      <div class="request-numbers">
        {numbers.map((number) => (
          <NumberField key={number.name} {...number} />
        ))}
      </div>
    </div>
  );
}

function NumberField({ name, label, hint, range, step }: (typeof numbers)[number]) {
  const id = useId();
  const error = useSignal<string | null>(null);
  const type = (text: string) => {
    try {
      request.value = { ...request.value, [name]: numberOf(label, range)(text) };
      error.value = null;
    } catch (problem) {
      if (!(problem instanceof KilnError)) throw problem;
      error.value = problem.message;
    }
  };
  return (
    <Field id={id} label={label} hint={hint} error={error.value}>
      <input id={id} type="number" inputMode="decimal" step={step} min={range.min} max={range.max} aria-describedby={describedBy(id)} aria-invalid={error.value !== null} value={request.peek()[name]} onInput={(event) => type(event.currentTarget.value)} />
    </Field>
  );
}
