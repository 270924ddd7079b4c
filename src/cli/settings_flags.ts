// The flags that say what is trained, on what and how: those of `kiln train`, and of every tool that works on such a run.
import { Option } from "commander";
import { presets, type PresetName } from "../recipe/presets.js";
import { parseSetting, settingNames, settingRules } from "../recipe/rules.js";
import type { TrainSettings } from "../recipe/settings.js";
import { choiceOf } from "../recipe/values.js";
import { flagOf } from "./flags.js";

/** As commander gives them: what was not typed is absent. */
export interface SettingsFlags extends Partial<TrainSettings> {
  preset: PresetName;
}

export function settingsFlags(): Option[] {
  const names = Object.keys(presets);
  const preset = new Option("--preset <name>", `settings to start from: ${names.join(" | ")}`).argParser(choiceOf("--preset", names)).default("small");
  return [preset, ...settingNames.flatMap(flagsOf)];
}

function flagsOf(name: keyof TrainSettings): Option[] {
  const rule = settingRules[name];
  const flag = flagOf(name);
  const parse = (text: string) => parseSetting(name, text, flag);
  switch (rule.kind) {
    case "toggle":
      return [new Option(flag, rule.help), new Option(flag.replace("--", "--no-")).hideHelp()];
    case "number":
      return [new Option(`${flag} <n>`, rule.help).argParser(parse)];
    case "choice":
      return [new Option(`${flag} <name>`, `${rule.help}: ${rule.choices.join(" | ")}`).argParser(parse)];
    case "betas":
      return [new Option(`${flag} <b1,b2>`, rule.help).argParser(parse)];
    case "text":
      return [new Option(`${flag} <${rule.placeholder}>`, rule.help)];
  }
}
