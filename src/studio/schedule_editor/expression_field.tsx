// The same schedule as text, both ways.
import { describedBy, Field } from "../layout/field.js";
import { expression, expressionError, writeExpression } from "./state.js";

export function ExpressionField() {
  const id = "schedule-expression";
  return (
    <Field id={id} label="As text" hint="The schedule as an expression, as kiln train --schedule takes it. What you change above is written here, and what you write here is shown above." error={expressionError.value} wide>
      <textarea
        id={id}
        class="mono"
        rows={3}
        spellcheck={false}
        autocapitalize="off"
        value={expression.value}
        aria-invalid={expressionError.value !== null}
        aria-describedby={describedBy(id)}
        onInput={(event) => writeExpression(event.currentTarget.value)}
      />
    </Field>
  );
}
