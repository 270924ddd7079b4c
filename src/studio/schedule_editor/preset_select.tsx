// Schedules that well-known models were trained with, fitted to this run.
import { schedulePresets } from "../../recipe/schedule_presets.js";
import { describe } from "../../schedule/index.js";
import { edited, report, setSchedule, steps } from "./state.js";
import { stretched } from "./stretch.js";

export function PresetSelect() {
  return (
    <select
      aria-label="Begin with a known schedule"
      title="The shape of a schedule that a well-known model was trained with, over the steps of this run and with its peak rate"
      value=""
      disabled={edited.value === null}
      onChange={(event) => {
        const name = event.currentTarget.value;
        event.currentTarget.value = "";
        fit(name);
      }}
    >
      <option value="">known schedules…</option>
      {Object.entries(schedulePresets).map(([name, { source }]) => (
        <option key={name} value={name} title={source}>
          {name}: {source}
        </option>
      ))}
    </select>
  );
}

/** Its rates are another optimizer's, so the peak stays what it is here. */
function fit(name: string): void {
  const { schedule, steps: length } = schedulePresets[name]!;
  const sampled = Math.min(length, 20_000);
  const theirs = describe(schedule, { steps: sampled }).peak.value;
  const ours = report.value?.peak.value ?? theirs;
  setSchedule(stretched(schedule.toDescription(), steps.value / length, ours > 0 && theirs > 0 ? ours / theirs : 1));
}
