import { describedBy, Field } from "../layout/field.js";
import type { PresetName } from "../../recipe/presets.js";
import { presetNames, presetWords } from "../presets.js";
import { applyPreset, changes, preset } from "../state/settings.js";

const id = "preset";

export function PresetChoice() {
  const changed = Object.keys(changes.value).length;
  return (
    <div class="preset-choice">
      <Field id={id} label="Start from" hint="Settings that work together. Your changes over them are forgotten when you choose another." wide>
        <select id={id} aria-describedby={describedBy(id)} value={preset.value} onChange={(event) => applyPreset(event.currentTarget.value as PresetName)}>
          {presetNames.map((name) => (
            <option key={name} value={name}>
              {presetWords[name].title}
            </option>
          ))}
        </select>
      </Field>
      <p class="muted small">{presetWords[preset.value].about}</p>
      {changed > 0 && (
        <p class="row small">
          <span>{changed === 1 ? "1 setting changed" : `${changed} settings changed`}</span>
          <button onClick={() => applyPreset(preset.value)}>Undo all</button>
        </p>
      )}
    </div>
  );
}
