// Runs beside each other: the table, what to do with them, their files, and sweeps that make many.
import { useSignal } from "@preact/signals";
import { useEffect, useId } from "preact/hooks";
import { comparedRuns, runs, selected } from "../state/runs.js";
import { ImportCheckpoint, openFile } from "./import_checkpoint.js";
import { RunActions } from "./run_actions.js";
import { RunsTable } from "./runs_table.js";
import { SaveMenu } from "./save_menu.js";
import { allSettings, filter, followRuns, shownRows } from "./state.js";
import { followSweep } from "./sweep.js";
import { StorageUse } from "./storage_use.js";
import { SweepPanel } from "./sweep_panel.js";
import "./runs.css";

export function RunsPanel() {
  const dragged = useSignal(false);
  useEffect(followRuns, []);
  useEffect(followSweep, []);
  const allow = (event: DragEvent) => {
    event.preventDefault();
    dragged.value = true;
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    dragged.value = false;
    const file = event.dataTransfer?.files[0];
    if (file) void openFile(file);
  };
  const front = selected.value;
  return (
    <div class="runs" data-dragged={dragged.value} onDragOver={allow} onDragLeave={() => (dragged.value = false)} onDrop={drop}>
      <Toolbar />
      {runs.value.size === 0 ? (
        <p class="muted">Each Start adds a run here, and the browser keeps it. Draw several to compare them, or let a sweep below make some.</p>
      ) : shownRows.value.length === 0 ? (
        <p class="muted">No run has “{filter.value}” in its name, status or settings.</p>
      ) : (
        <RunsTable />
      )}
      <StorageUse />
      {front && <RunActions key={front.record.id} record={front.record} />}
      <SweepPanel />
    </div>
  );
}

function Toolbar() {
  const id = useId();
  const none = runs.value.size === 0;
  return (
    <div class="runs-toolbar row">
      {!none && (
        <>
          <label class="row" for={`${id}-filter`} title="Shows only runs that have all of these words in their name, status, adapter or settings">
            Filter
            <input id={`${id}-filter`} type="search" placeholder="lr=0.004 done" value={filter.value} onInput={(event) => (filter.value = event.currentTarget.value)} />
          </label>
          <button type="button" aria-pressed={allSettings.value} title="All settings as columns, and not only those in which the runs differ" onClick={() => (allSettings.value = !allSettings.value)}>
            All settings
          </button>
          <button type="button" disabled={comparedRuns.value.size === 0} title="Draws only the run in front" onClick={() => (comparedRuns.value = new Set())}>
            Draw one
          </button>
        </>
      )}
      <SaveMenu disabled={none} />
      <ImportCheckpoint />
    </div>
  );
}
