// Paste a text or choose a file.
import { telling } from "../state/notices.js";
import { useFile, useText } from "../state/own_text.js";
import { ownText } from "../state/settings.js";
import { TableColumns } from "./table_columns.js";

/** Characters: a text area with more makes a page slow. */
const shown = 20_000;

export function OwnTextFields() {
  const { name = "", text = "" } = ownText.value ?? {};
  const choose = (input: HTMLInputElement) => {
    const file = input.files?.[0];
    if (file) void telling(() => useFile(file));
    // The same file can be chosen again after a change to it.
    input.value = "";
  };
  const isLong = text.length > shown;
  return (
    <>
      <label for="own-text">Paste text, or drop a text or CSV file</label>
      <textarea id="own-text" rows={5} spellcheck={false} value={text.slice(0, shown)} readOnly={isLong} onInput={(event) => useText("pasted text", event.currentTarget.value)} />
      <div class="row">
        <label class="button file">
          Choose a file
          <input type="file" accept=".txt,.csv,.tsv,.md,.json,text/*" onChange={(event) => choose(event.currentTarget)} />
        </label>
        {isLong && <button onClick={() => useText("pasted text", "")}>Empty the field</button>}
      </div>
      <TableColumns />
      <p class="muted small" aria-live="polite">
        {text === "" ? "It stays in this browser: nothing is sent anywhere." : `${name}: ${text.length.toLocaleString("en")} characters${isLong ? `, the first ${shown.toLocaleString("en")} shown` : ""}.`}
      </p>
    </>
  );
}
