// The settings of the form in the page's address, so that a link opens a run: a preset, and only what differs from it. They stand
// behind the "#", which no browser sends to a server.
import { effect } from "@preact/signals";
import { KilnError } from "../../errors.js";
import { presets, type PresetName } from "../../recipe/presets.js";
import { parseSetting } from "../../recipe/rules.js";
import { mergeSettings, type TrainSettings } from "../../recipe/settings.js";
import { applyPreset, changes, changeSettings, changesTo, firstPreset, preset, type SettingName } from "./settings.js";

export interface LinkedSettings {
  preset: PresetName;
  changes: Partial<TrainSettings>;
  /** What could not be read, a sentence each; the rest holds. */
  problems: string[];
}

/** Without "#"; empty for the first preset as it is. */
export function encodeSettings(name: PresetName, changed: Partial<TrainSettings>): string {
  const needed = changesTo(mergeSettings(name, changed), name);
  const parts = Object.entries(needed).map(([setting, value]) => [setting, String(value)]);
  return new URLSearchParams([...(name === firstPreset ? [] : [["preset", name]]), ...parts]).toString();
}

/** Takes any text: a link may be cut off, from an older page, or made up. */
export function decodeSettings(hash: string): LinkedSettings {
  const result: LinkedSettings = { preset: firstPreset, changes: {}, problems: [] };
  for (const [name, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (name === "preset") {
      if (Object.hasOwn(presets, text)) result.preset = text as PresetName;
      else result.problems.push(`The link starts from the preset "${clip(text)}", which this page does not have.`);
    } else if (Object.hasOwn(presets[firstPreset], name)) {
      try {
        Object.assign(result.changes, { [name]: parseSetting(name as SettingName, text) });
      } catch (error) {
        if (!(error instanceof KilnError)) throw error;
        result.problems.push(`The link has a setting that cannot be: ${error.message}`);
      }
    } else result.problems.push(`The link has a setting that this page does not know: "${clip(name)}".`);
  }
  return result;
}

function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** The address that opens this page with the settings of the form, or with `wanted`, as of a run. */
export function linkToSettings(wanted?: TrainSettings): string {
  const hash = wanted ? encodeSettings(firstPreset, changesTo(wanted, firstPreset)) : encodeSettings(preset.value, changes.value);
  return `${location.origin}${location.pathname}#${hash}`;
}

/** Puts a link's settings into the form. Returns what could not be read. */
function readAddress(): string[] {
  const linked = decodeSettings(location.hash);
  applyPreset(linked.preset);
  changeSettings(linked.changes);
  return linked.problems;
}

const quiet_ms = 250;

/** Form and address follow each other from now on. `onProblem` hears what a link says wrong. */
export function followAddress(onProblem: (text: string) => void): void {
  const read = () => readAddress().forEach(onProblem);
  read();
  addEventListener("hashchange", () => {
    if (location.hash.replace(/^#/, "") !== encodeSettings(preset.value, changes.value)) read();
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const hash = encodeSettings(preset.value, changes.value);
    clearTimeout(timer);
    // Browsers refuse an address that changes with each letter typed.
    timer = setTimeout(() => {
      if (location.hash.replace(/^#/, "") !== hash) history.replaceState(null, "", hash === "" ? location.pathname + location.search : `#${hash}`);
    }, quiet_ms);
  });
}
