// What a new run is called until the user says otherwise: where it started from, and what was changed.
import { presetWords } from "../presets.js";
import { changes, preset } from "./settings.js";
import { runs } from "./runs.js";

/** More would not fit a legend. */
const mostNamed = 2;

export function nameOfRun(): string {
  const { data, ...others } = changes.value;
  const changed = Object.entries(others).map(([name, value]) => (name === "schedule" ? "own schedule" : `${name} ${String(value)}`));
  const parts = [presetWords[preset.value].title, ...(data === undefined ? [] : [data]), ...changed.slice(0, mostNamed), ...(changed.length > mostNamed ? [`${changed.length - mostNamed} more`] : [])];
  return numbered(parts.join(", "));
}

function numbered(name: string): string {
  const taken = new Set([...runs.value.values()].map(({ record }) => record.name));
  for (let n = 1; ; n++) {
    const candidate = n === 1 ? name : `${name} (${n})`;
    if (!taken.has(candidate)) return candidate;
  }
}
