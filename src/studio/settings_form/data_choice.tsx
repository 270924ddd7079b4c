// What to train on: the built-in text, a toy task, or a text of the user's own.
import { useSignal } from "@preact/signals";
import { describedBy, Field } from "../layout/field.js";
import { telling } from "../state/notices.js";
import { useFile, useText } from "../state/own_text.js";
import { changeSettings, ownText, settings } from "../state/settings.js";
import { builtInData } from "../data_sources.js";
import { errorAt, idOf } from "./setting_field.js";
import { words } from "./words.js";

const own = "own";

export function DataChoice() {
  const { data } = settings.value;
  const isOwn = !builtInData.some(({ name }) => name === data);
  const asked = useSignal(false);
  const dragged = useSignal(false);
  const choose = (name: string) => {
    asked.value = name === own;
    if (name !== own) changeSettings({ data: name });
    else if (ownText.value) changeSettings({ data: ownText.value.name });
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    dragged.value = false;
    const file = event.dataTransfer?.files[0];
    const text = event.dataTransfer?.getData("text/plain");
    if (file) void telling(() => useFile(file));
    else if (text) useText("dropped text", text);
  };
  const isAsked = isOwn || asked.value;
  const id = idOf("data");
  const allow = (event: DragEvent) => {
    event.preventDefault();
    dragged.value = true;
  };
  return (
    <div class="data-choice" data-dragged={dragged.value} onDragOver={allow} onDragLeave={() => (dragged.value = false)} onDrop={drop}>
      <Field id={id} label={words.data.label} hint={words.data.hint} error={errorAt("data")} wide>
        <select id={id} aria-describedby={describedBy(id)} aria-invalid={errorAt("data") !== null} value={isAsked ? own : data} onChange={(event) => choose(event.currentTarget.value)}>
          {builtInData.map(({ name, title }) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
          <option value={own}>Your own text or CSV</option>
        </select>
      </Field>
      {isAsked ? <OwnText /> : <p class="muted small">{builtInData.find(({ name }) => name === data)?.about} Or drop a text or CSV file here.</p>}
    </div>
  );
}

function OwnText() {
  const { name = "", text = "" } = ownText.value ?? {};
  const choose = (input: HTMLInputElement) => {
    const file = input.files?.[0];
    if (file) void telling(() => useFile(file));
    // The same file can be chosen again after a change to it.
    input.value = "";
  };
  return (
    <>
      <label for="own-text">Paste text, or drop a text or CSV file</label>
      <textarea id="own-text" rows={5} spellcheck={false} value={text.slice(0, shown)} readOnly={text.length > shown} onInput={(event) => useText("pasted text", event.currentTarget.value)} />
      <label class="button file">
        Choose a file
        <input type="file" accept=".txt,.csv,.tsv,.md,.json,text/*" onChange={(event) => choose(event.currentTarget)} />
      </label>
      <p class="muted small" aria-live="polite">
        {text === "" ? "It stays in this browser: nothing is sent anywhere." : `${name}: ${text.length.toLocaleString("en")} characters${text.length > shown ? `, the first ${shown.toLocaleString("en")} shown` : ""}.`}
      </p>
    </>
  );
}

/** Characters: a text area with more makes a page slow. */
const shown = 20_000;
