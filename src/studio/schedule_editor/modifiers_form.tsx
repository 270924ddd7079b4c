// What is done to a part, or to all of them: factors, scale, delay, bounds.
import { families, familyOf, oscillationFamily, optionOf, withOption, type Field, type Place } from "./families.js";
import { FieldInput } from "./field_input.js";
import type { Modifier } from "./pieces.js";

const words: Readonly<Record<Modifier["kind"], { title: string; help: string }>> = {
  times: { title: "times another curve", help: "Multiplies it, step by step, with another shape" },
  scale: { title: "times a number", help: "Multiplies all its rates" },
  delay: { title: "later", help: "Begins so many steps later; until then it holds a rate" },
  clamp: { title: "within bounds", help: "Cuts off what is above or below" },
};

const scaleField: Field = { kind: "number", name: "by", label: "factor", help: "What all rates are multiplied by" };
const delayFields: readonly Field[] = [
  { kind: "steps", name: "steps", label: "steps", help: "How much later it begins" },
  { kind: "rate", name: "value", label: "rate until then", help: "0 freezes the weights meanwhile", optional: "its first" },
];
const clampFields: readonly Field[] = [
  { kind: "rate", name: "min", label: "lowest", help: "It falls no further", optional: "none" },
  { kind: "rate", name: "max", label: "highest", help: "It rises no further", optional: "none" },
];

interface Props {
  /** What they are done to, for labels. */
  what: string;
  modifiers: readonly Modifier[];
  place: Place;
  onChange: (modifiers: readonly Modifier[]) => void;
}

export function ModifiersForm({ what, modifiers, place, onChange }: Props) {
  const replace = (index: number, next: Modifier) => onChange(modifiers.map((modifier, i) => (i === index ? next : modifier)));
  return (
    <div class="schedule-modifiers">
      {modifiers.map((modifier, i) => (
        <fieldset key={i} class="schedule-modifier">
          <legend>{words[modifier.kind].title}</legend>
          <ModifierFields modifier={modifier} place={place} onChange={(next) => replace(i, next)} />
          <button type="button" title="Take this away" aria-label={`remove from ${what}: ${words[modifier.kind].title}`} onClick={() => onChange(modifiers.filter((_, k) => k !== i))}>
            remove
          </button>
        </fieldset>
      ))}
      <select
        aria-label={`Do something to ${what}`}
        title="Multiply, delay or bound it"
        value=""
        onChange={(event) => {
          const kind = event.currentTarget.value as Modifier["kind"];
          event.currentTarget.value = "";
          onChange([...modifiers, newModifier(kind, place)]);
        }}
      >
        <option value="">do more to {what}…</option>
        {(Object.keys(words) as Modifier["kind"][]).map((kind) => (
          <option key={kind} value={kind} title={words[kind].help}>
            {words[kind].title}
          </option>
        ))}
      </select>
    </div>
  );
}

function newModifier(kind: Modifier["kind"], place: Place): Modifier {
  switch (kind) {
    case "times":
      return { kind, by: oscillationFamily.create(place) };
    case "scale":
      return { kind, by: 0.5 };
    case "delay":
      return { kind, steps: Math.max(1, Math.round(place.left / 20)) };
    case "clamp":
      return { kind, min: Number((place.peak / 10).toPrecision(3)) };
  }
}

function ModifierFields({ modifier, place, onChange }: { modifier: Modifier; place: Place; onChange: (next: Modifier) => void }) {
  switch (modifier.kind) {
    case "times":
      return <FactorFields modifier={modifier} place={place} onChange={onChange} />;
    case "scale":
      return <FieldInput field={scaleField} value={modifier.by} onValue={(by) => onChange({ kind: "scale", by: by as number })} />;
    case "delay":
      return <OptionFields fields={delayFields} options={modifier} onChange={(next) => onChange(next as Modifier)} />;
    case "clamp":
      return <OptionFields fields={clampFields} options={modifier} onChange={(next) => onChange(next as Modifier)} />;
  }
}

function OptionFields({ fields, options, onChange }: { fields: readonly Field[]; options: object; onChange: (next: object) => void }) {
  return (
    <>
      {fields.map((field) => (
        <FieldInput key={field.name} field={field} value={(options as Record<string, unknown>)[field.name]} onValue={(value) => onChange({ ...options, [field.name]: value })} />
      ))}
    </>
  );
}

function FactorFields({ modifier, place, onChange }: { modifier: Extract<Modifier, { kind: "times" }>; place: Place; onChange: (next: Modifier) => void }) {
  const family = familyOf(modifier.by.shape);
  // A factor is about 1, and has nothing to follow.
  const create = (shape: string) => [oscillationFamily, ...families].find((one) => one.shape === shape)!.create({ ...place, peak: 1, first: true });
  return (
    <>
      <label class="schedule-field">
        <span>curve</span>
        <select title="What it is multiplied with" value={modifier.by.shape} onChange={(event) => onChange({ kind: "times", by: create(event.currentTarget.value) })}>
          {!family && <option value={modifier.by.shape}>several in one</option>}
          {[oscillationFamily, ...families].map(({ shape, title, help }) => (
            <option key={shape} value={shape} title={help}>
              {title}
            </option>
          ))}
        </select>
      </label>
      {family?.fields.map((field) => (
        <FieldInput key={`${family.shape} ${field.name}`} field={field} value={optionOf(modifier.by, field.name)} onValue={(value) => onChange({ kind: "times", by: withOption(modifier.by, field.name, value) })} />
      ))}
    </>
  );
}
