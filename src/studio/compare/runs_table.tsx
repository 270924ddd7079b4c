// All runs, a line each: which are drawn, what differs among their settings, and what came of them.
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { worker } from "../client.js";
import { Swatch } from "../charts/legend.js";
import { runLooks } from "../charts/run_look.js";
import { telling } from "../state/notices.js";
import { comparedRuns, selectedRun } from "../state/runs.js";
import type { RunRecord } from "../protocol.js";
import type { Column, RunRow } from "./columns.js";
import { columns, compareRun, order, orderBy, selectRun, shownRows } from "./state.js";

export function RunsTable() {
  const [name, ...others] = columns.value;
  return (
    <div class="runs-scroll" tabIndex={0} role="region" aria-label="Table of runs">
      <table class="runs-table">
        <caption class="visually-hidden">Runs, their settings and results</caption>
        <thead>
          <tr>
            <th scope="col" title="Whether its curves are drawn beside those of the run in front">
              Draw
            </th>
            {[name!, ...others].map((column) => (
              <Heading key={column.id} column={column} />
            ))}
          </tr>
        </thead>
        <tbody>
          {shownRows.value.map((row) => (
            <Line key={row.record.id} row={row} cells={others} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Heading({ column: { id, title, help } }: { column: Column }) {
  const { column, descending } = order.value;
  const sort = column !== id ? "none" : descending ? "descending" : "ascending";
  return (
    <th scope="col" aria-sort={sort} class={id === "name" ? "runs-name" : undefined}>
      <button type="button" class="runs-sort" title={`${help} Press to sort by it.`} onClick={() => orderBy(id)}>
        {title}
        <span aria-hidden="true">{sort === "none" ? "" : descending ? " ▼" : " ▲"}</span>
      </button>
    </th>
  );
}

function Line({ row, cells }: { row: RunRow; cells: readonly Column[] }) {
  const { id, name, status } = row.record;
  const inFront = selectedRun.value === id;
  const look = runLooks.value.get(id);
  return (
    <tr aria-current={inFront ? "true" : undefined} data-status={status}>
      <td>
        <label class="runs-draw" title={inFront ? "The run in front is always drawn" : "Draws its curves beside those of the run in front"}>
          <input type="checkbox" checked={inFront || comparedRuns.value.has(id)} disabled={inFront} aria-label={`Draw ${name}`} onChange={(event) => compareRun(id, event.currentTarget.checked)} />
          {look && <Swatch look={look} />}
        </label>
      </td>
      <th scope="row" class="runs-name">
        <Name record={row.record} />
      </th>
      {cells.map((column) => (
        <Cell key={column.id} row={row} column={column} />
      ))}
    </tr>
  );
}

function Cell({ row, column }: { row: RunRow; column: Column }) {
  const text = column.text(row);
  return (
    <td class={typeof column.value(row) === "number" ? "runs-number" : undefined} title={text.length > 30 ? text : undefined}>
      {text}
    </td>
  );
}

/** A button that puts the run in front, and beside it one that turns it into a field. */
function Name({ record: { id, name } }: { record: RunRecord }) {
  const editing = useSignal(false);
  const pencil = useRef<HTMLButtonElement>(null);
  const end = (typed: string | null) => {
    if (!editing.value) return;
    editing.value = false;
    const wanted = typed?.trim() ?? "";
    if (wanted !== "" && wanted !== name) void telling(() => worker.rename(id, wanted));
    queueMicrotask(() => pencil.current?.focus());
  };
  if (editing.value) return <NameField name={name} onEnd={end} />;
  return (
    <span class="runs-title">
      <button type="button" class="runs-select" aria-pressed={selectedRun.value === id} title="Puts this run in front: its charts, settings and text" onClick={() => selectRun(id)}>
        {name}
      </button>
      <button type="button" class="runs-rename" ref={pencil} aria-label={`Rename ${name}`} title="Gives the run another name" onClick={() => (editing.value = true)}>
        <span aria-hidden="true">✎</span>
      </button>
    </span>
  );
}

/** Enter and leaving the field keep what was typed, Escape the old name. */
function NameField({ name, onEnd }: { name: string; onEnd: (typed: string | null) => void }) {
  const input = useRef<HTMLInputElement>(null);
  // Before the next key: an effect after the drawing comes late.
  useLayoutEffect(() => {
    input.current!.focus();
    input.current!.select();
  }, []);
  return (
    <input
      ref={input}
      aria-label={`Name of ${name}`}
      defaultValue={name}
      maxLength={120}
      onBlur={(event) => onEnd(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== "Escape") return;
        // Or the key would press the pencil, which has the focus by then.
        event.preventDefault();
        onEnd(event.key === "Enter" ? event.currentTarget.value : null);
      }}
    />
  );
}
