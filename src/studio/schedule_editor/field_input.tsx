// One option of a shape as a field: taken when it is left or Enter is pressed, with what is wrong beside it.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { fieldText, parseField, type Field } from "./families.js";

interface Props {
  field: Field;
  value: unknown;
  /** Throws for what cannot be. */
  onValue: (value: unknown) => void;
}

export function FieldInput({ field, value, onValue }: Props) {
  const id = useId();
  const error = useSignal<string | null>(null);
  const take = (text: string) => {
    try {
      onValue(parseField(field, text));
      error.value = null;
    } catch (problem) {
      if (!(problem instanceof RangeError)) throw problem;
      error.value = problem.message;
    }
  };
  return (
    <div class={`schedule-field ${field.kind === "points" || field.kind === "milestones" ? "wide" : ""}`}>
      <label for={id} title={field.help}>
        {field.label}
      </label>
      {field.kind === "choice" ? (
        <select id={id} title={field.help} value={fieldText(field, value)} onChange={(event) => take(event.currentTarget.value)}>
          {field.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : field.kind === "toggle" ? (
        <input id={id} type="checkbox" title={field.help} checked={value === true} onChange={(event) => take(String(event.currentTarget.checked))} />
      ) : (
        <input
          id={id}
          title={field.help}
          inputMode={field.kind === "points" || field.kind === "milestones" ? "text" : "decimal"}
          value={fieldText(field, value)}
          placeholder={field.optional ?? ""}
          aria-invalid={error.value !== null}
          aria-describedby={`${id}-error`}
          onChange={(event) => take(event.currentTarget.value)}
        />
      )}
      <span id={`${id}-error`} class="error">
        {error}
      </span>
    </div>
  );
}
