// The settings of the next run. Which values a field takes, and how fields depend on each other, is src/recipe's.
import { withBetas } from "../../recipe/settings.js";
import { bpeEncodings, isTask } from "../../data/index.js";
import { changeSettings, settings, type SettingName } from "../state/settings.js";
import { DataChoice } from "./data_choice.js";
import { EstimateView } from "./estimate_view.js";
import { PresetChoice } from "./preset_choice.js";
import { SettingField } from "./setting_field.js";
import "./settings_form.css";

const model: readonly SettingName[] = ["layers", "heads", "width", "block", "norm", "normType", "activation", "dropout", "tied"];
const moreModel: readonly SettingName[] = ["bias", "init", "precision", "activationCheckpointing"];
const training: readonly SettingName[] = ["optimizer", "lr", "warmup", "decay", "minLr", "batch", "steps", "clip", "seed"];
const moreTraining: readonly SettingName[] = ["weightDecay", "betas", "accumulate", "ema", "evalEvery", "evalBatches", "checkpointEvery"];
const pairTokenizers: readonly string[] = bpeEncodings;
const rate: readonly SettingName[] = ["lr", "warmup", "decay", "minLr"];

export function SettingsPanel() {
  return (
    <div class="settings-form">
      <PresetChoice />
      <fieldset>
        <legend>Data</legend>
        <DataChoice />
        <Fields names={["tokenizer", ...(pairTokenizers.includes(settings.value.tokenizer) ? (["compactVocab"] as const) : [])]} />
      </fieldset>
      <fieldset>
        <legend>Model</legend>
        <Fields names={model} />
        <More names={moreModel} />
      </fieldset>
      <fieldset>
        <legend>Training</legend>
        <Fields names={training} />
        {settings.value.schedule !== "" && (
          <p class="small row">
            The schedule editor decides the rate.
            <button onClick={() => changeSettings({ schedule: "" })}>Use warmup and decay</button>
          </p>
        )}
        <More names={moreTraining} />
      </fieldset>
      <EstimateView />
    </div>
  );
}

function Fields({ names }: { names: readonly SettingName[] }) {
  return (
    <>
      {names.map((name) => (
        <SettingField key={name} name={name} disabled={reasonAgainst(name)} />
      ))}
    </>
  );
}

function More({ names }: { names: readonly SettingName[] }) {
  return (
    <details>
      <summary>More</summary>
      <Fields names={names} />
    </details>
  );
}

/** Why a setting means nothing beside the others. */
function reasonAgainst(name: SettingName): string | false {
  const { data, schedule, optimizer, normType } = settings.value;
  if (name === "tokenizer" && isTask(data)) return "A toy task has letters of its own.";
  if (schedule !== "" && rate.includes(name)) return "Now the schedule editor decides it.";
  if (name === "betas" && !withBetas.includes(optimizer)) return `${optimizer} has none.`;
  if (name === "norm" && normType === "none") return "There is no norm now.";
  return false;
}
