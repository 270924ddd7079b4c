// The control of one setting, by its rule.
import { useSignal } from "@preact/signals";
import { KilnError } from "../../errors.js";
import { parseSetting, settingRules } from "../../recipe/rules.js";
import type { TrainSettings } from "../../recipe/settings.js";
import { describedBy, Field } from "../layout/field.js";
import { estimateError } from "../state/estimate.js";
import { changeSettings, combinationError, settings, typingErrors, type SettingName } from "../state/settings.js";
import { words } from "./words.js";

interface Props {
  name: SettingName;
  /** Why it cannot be set now. */
  disabled?: string | false;
}

export function SettingField({ name, disabled = false }: Props) {
  const { label, hint } = words[name];
  return (
    <Field id={idOf(name)} label={label} hint={disabled ? `${hint} ${disabled}` : hint} error={errorAt(name)} wide={settingRules[name].kind === "text"}>
      <Control name={name} disabled={disabled !== false} />
    </Field>
  );
}

function Control({ name, disabled }: { name: SettingName; disabled: boolean }) {
  const rule = settingRules[name];
  const value = settings.value[name];
  const shared = { id: idOf(name), disabled, "aria-describedby": describedBy(idOf(name)), "aria-invalid": errorAt(name) !== null };
  if (rule.kind === "toggle") return <input type="checkbox" {...shared} checked={value === true} onChange={(event) => set(name, String(event.currentTarget.checked))} />;
  if (rule.kind === "choice") {
    return (
      <select {...shared} value={String(value)} onChange={(event) => set(name, event.currentTarget.value)}>
        {rule.choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </select>
    );
  }
  return <Typed name={name} shared={shared} isNumber={rule.kind === "number"} />;
}

/** Shows what was typed for as long as it is being typed, or is wrong. */
function Typed({ name, shared, isNumber }: { name: SettingName; shared: object; isNumber: boolean }) {
  const typed = useSignal<string | null>(null);
  const focused = useSignal(false);
  const isOwn = typed.value !== null && (focused.value || typingErrors.value[name] !== undefined);
  return (
    <input
      type="text"
      {...shared}
      inputMode={isNumber ? "decimal" : "text"}
      autocomplete="off"
      spellcheck={false}
      value={isOwn ? typed.value! : String(settings.value[name])}
      onFocus={() => ([focused.value, typed.value] = [true, typingErrors.value[name] === undefined ? null : typed.value])}
      onBlur={() => (focused.value = false)}
      onInput={(event) => {
        typed.value = event.currentTarget.value;
        set(name, typed.value);
      }}
    />
  );
}

function set(name: SettingName, text: string): void {
  try {
    changeSettings({ [name]: parseSetting(name, text) } as Partial<TrainSettings>);
  } catch (error) {
    if (!(error instanceof KilnError)) throw error;
    typingErrors.value = { ...typingErrors.value, [name]: error.message.slice(name.length + 2) };
  }
}

/** What is wrong at this field, or null. */
export function errorAt(name: SettingName): string | null {
  const typing = typingErrors.value[name];
  if (typing !== undefined) return typing;
  const found = [combinationError.value, estimateError.value].find((error) => error?.field === name);
  return found?.message ?? null;
}

export function idOf(name: SettingName): string {
  return `setting-${name}`;
}
