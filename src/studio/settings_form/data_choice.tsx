// What to train on: the built-in text, a toy task, or a text of the user's own.
import { useSignal } from "@preact/signals";
import { builtInData, mobyDick, toyTasks, type BuiltInData } from "../data_sources.js";
import { describedBy, Field } from "../layout/field.js";
import { telling } from "../state/notices.js";
import { useFile, useText } from "../state/own_text.js";
import { changeSettings, errorOf, ownText, settings } from "../state/settings.js";
import { OwnTextFields } from "./own_text_fields.js";
import { errorAt, idOf } from "./setting_field.js";
import { TaskSize } from "./task_size.js";
import { words } from "./words.js";

const own = "own";
const id = idOf("data");

export function DataChoice() {
  const asked = useSignal(false);
  const dragged = useSignal(false);
  const known = knownData();
  const isOwn = known === null || asked.value;
  const choose = (name: string) => {
    asked.value = name === own;
    if (name !== own) changeSettings({ data: name });
    else if (ownText.value) changeSettings({ data: ownText.value.name });
  };
  const allow = (event: DragEvent) => {
    event.preventDefault();
    dragged.value = true;
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    dragged.value = false;
    takeDropped(event.dataTransfer);
  };
  return (
    <div class="data-choice" data-dragged={dragged.value} onDragOver={allow} onDragLeave={() => (dragged.value = false)} onDrop={drop}>
      <Field id={id} label={words.data.label} hint={words.data.hint} error={errorAt("data")} wide>
        <select id={id} aria-describedby={describedBy(id)} aria-invalid={errorAt("data") !== null} value={isOwn ? own : known.name} onChange={(event) => choose(event.currentTarget.value)}>
          <Choice {...mobyDick} />
          <option value={own}>Your own text or CSV</option>
          <optgroup label="Toy tasks">
            {toyTasks.map((task) => (
              <Choice key={task.name} {...task} />
            ))}
          </optgroup>
        </select>
      </Field>
      {isOwn ? <OwnTextFields /> : <p class="muted small">{known.about} Or drop a text or CSV file here.</p>}
      <TaskSize />
    </div>
  );
}

function Choice({ name, title }: BuiltInData) {
  return <option value={name}>{title}</option>;
}

/** Null for a text of the user's, and for what no page knows. */
function knownData(): BuiltInData | null {
  let known: BuiltInData | null = null;
  errorOf(() => (known = builtInData(settings.value.data)));
  return known;
}

function takeDropped(dropped: DataTransfer | null): void {
  const file = dropped?.files[0];
  const text = dropped?.getData("text/plain");
  if (file) void telling(() => useFile(file));
  else if (text) useText("dropped text", text);
}
