// Between the editor and the run that trains: the new rates for it, or its schedule for the editor.
import { useSignal } from "@preact/signals";
import { worker } from "../client.js";
import type { LiveChange } from "../protocol.js";
import { telling } from "../state/notices.js";
import { training } from "../state/runs.js";
import { changeSettings, settings } from "../state/settings.js";
import { piecesOf, piecesText } from "./pieces.js";
import { stepsTaken } from "./run_rates.js";
import { expressionError, mainSchedule, remember } from "./state.js";

export function RunBar() {
  const asked = useSignal(false);
  const run = training.value;
  if (!run) return null;
  const schedule = mainSchedule.value;
  const ready = schedule !== null && !schedule.isOpen && expressionError.value === null;
  const apply = async () => {
    asked.value = true;
    await telling(() => worker.change(changeOf(run.record.settings.vectorSchedule)));
    asked.value = false;
  };
  const takeOver = () => {
    remember();
    changeSettings(ratesOf(run.record.settings));
  };
  return (
    <div class="row" role="group" aria-label="The run that trains">
      <button class="primary" type="button" disabled={!ready || asked.value} title="The run goes on with these rates from its next step. Nothing is compiled again" onClick={apply}>
        Apply to {run.record.name}
      </button>
      <button type="button" title="Edit the schedule that this run has" onClick={takeOver}>
        Take its schedule
      </button>
      <span class="muted">
        at step {stepsTaken.value ?? 0}
        {ready && `: next rate ${Number(schedule.at(stepsTaken.value ?? 0).toPrecision(3))}`}
      </span>
    </div>
  );
}

/** Both curves, where the run has a second one or is to get one. */
function changeOf(vectorsNow: string): LiveChange {
  const { vectorSchedule } = settings.value;
  return { schedule: piecesText(piecesOf(mainSchedule.value!)), ...((vectorSchedule !== "" || vectorsNow !== "") && { vectorSchedule }) };
}

function ratesOf({ schedule, vectorSchedule, lr, minLr, warmup, decay, steps }: typeof settings.value) {
  return { schedule, vectorSchedule, lr, minLr, warmup, decay, steps };
}
