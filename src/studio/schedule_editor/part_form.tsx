// One part of the schedule: its shape, what can be set of it, and what is done to it.
import { expressionText } from "./expression_text.js";
import { families, familyOf, optionOf, withOption, type Family, type Field, type Place } from "./families.js";
import { FieldInput } from "./field_input.js";
import { ModifiersForm } from "./modifiers_form.js";
import { withoutPart, withPoint } from "./part_edits.js";
import type { Modifier, Part } from "./pieces.js";
import { setBase, setPart, setPieces } from "./state.js";

const startField: Field = { kind: "steps", name: "at", label: "starts at step", help: "Cuts off the part before it there; left empty, it starts where that one ends", optional: "after it" };

interface Props {
  part: Part;
  index: number;
  start: number;
  place: Place;
  /** There is no other: what is done to all is done to it. */
  only: boolean;
  modifiers: readonly Modifier[];
  onModifiers: (modifiers: readonly Modifier[]) => void;
}

export function PartForm({ part, index, start, place, only, modifiers, onModifiers }: Props) {
  const { base } = part;
  const family = familyOf(base.shape);
  const name = `part ${index + 1}`;
  return (
    <fieldset class="schedule-part">
      <legend>
        {only ? "Shape" : `Part ${index + 1}`} <span class="muted">from step {start}</span>
      </legend>
      <div class="schedule-fields">
        <div class="schedule-field">
          <label for={`schedule-shape-${index}`}>shape</label>
          <select
            id={`schedule-shape-${index}`}
            title={family?.help ?? "Several shapes in one; edit it as text below"}
            value={base.shape}
            onChange={(event) => setBase(index, families.find(({ shape }) => shape === event.currentTarget.value)!.create(place))}
          >
            {!family && <option value={base.shape}>several in one</option>}
            <ShapeOptions />
          </select>
        </div>
        {family ? (
          family.fields.map((field) => (
            <FieldInput key={`${family.shape} ${field.name}`} field={field} value={optionOf(base, field.name)} onValue={(value) => setBase(index, withOption(base, field.name, value))} />
          ))
        ) : (
          <code class="schedule-code">{expressionText(base)}</code>
        )}
        {index > 0 && <FieldInput field={startField} value={part.at ?? undefined} onValue={(at) => setPart(index, { at: (at as number | undefined) ?? null })} />}
      </div>
      <div class="row">
        {base.shape === "piecewise" && (
          <button type="button" title="One more point, in the middle of the longest line" onClick={() => setBase(index, withPoint(base))}>
            add a point
          </button>
        )}
        <ModifiersForm what={only ? "it" : name} modifiers={modifiers} place={place} onChange={onModifiers} />
        {!only && (
          <button type="button" title="Take this part out; what follows moves up" aria-label={`Remove ${name}`} onClick={() => setPieces((now) => withoutPart(now, index, place.peak))}>
            remove
          </button>
        )}
      </div>
    </fieldset>
  );
}

/** The catalogue, as options of a select. */
export function ShapeOptions() {
  const groups = [...new Set(families.map(({ group }) => group))];
  return (
    <>
      {groups.map((group) => (
        <optgroup key={group} label={group}>
          {families.filter((family: Family) => family.group === group).map(({ shape, title, help }) => (
            <option key={shape} value={shape} title={help}>
              {title}
            </option>
          ))}
        </optgroup>
      ))}
    </>
  );
}
