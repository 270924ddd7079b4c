// The schedule editor: the rate over the steps of the next run, as a plot, as parts and as text.
import "./schedule_editor.css";
import { useId } from "preact/hooks";
import { ExpressionField } from "./expression_field.js";
import { families, type Place } from "./families.js";
import { ModifiersForm } from "./modifiers_form.js";
import { withModifiers, withPart } from "./part_edits.js";
import { PartForm, ShapeOptions } from "./part_form.js";
import { startsOf, type Pieces } from "./pieces.js";
import { PresetSelect } from "./preset_select.js";
import { ReportView } from "./report_view.js";
import { RunBar } from "./run_bar.js";
import { SchedulePlot } from "./schedule_plot.js";
import { canUndo, curveName, drawing, expressionError, giveVectorsTheirOwn, logRates, ownVectors, pieces, refusal, report, setOver, setPieces, steps, undo, type CurveName } from "./state.js";

export function SchedulePanel() {
  const now = pieces.value;
  return (
    <div class="schedule-editor">
      <div class="row">
        <CurveChoice />
        <PresetSelect />
        <button type="button" aria-pressed={logRates} title="Rates on a logarithmic axis: equal ratios are equally far apart" onClick={() => (logRates.value = !logRates.value)}>
          log
        </button>
        <button type="button" aria-pressed={drawing} title="Draw the rate by hand: where you draw, points take the place of what was there" onClick={() => (drawing.value = !drawing.value)}>
          draw
        </button>
        <button type="button" disabled={!canUndo.value} title="Take the last change of the schedule back" onClick={undo}>
          undo
        </button>
      </div>
      <SchedulePlot />
      <p class="error" role="alert">
        {refusal}
      </p>
      <RunBar />
      <ReportView />
      <details class="schedule-details" open={expressionError.value !== null}>
        <summary title="What the schedule is made of, in numbers and as text">Parts and text</summary>
        {now && <Parts now={now} />}
        <ExpressionField />
      </details>
    </div>
  );
}

function CurveChoice() {
  const id = useId();
  const choose = (name: CurveName) => {
    if (name === "vectorSchedule" && !ownVectors.value) giveVectorsTheirOwn(true);
    curveName.value = name;
  };
  return (
    <div class="row" role="group" aria-labelledby={id}>
      <span id={id} class="visually-hidden">
        The rate of
      </span>
      <button type="button" aria-pressed={curveName.value === "schedule"} title="The rate of matrices and embeddings, and of all weights while biases and norms have none of their own" onClick={() => choose("schedule")}>
        {ownVectors.value ? "matrices" : "all weights"}
      </button>
      <button type="button" aria-pressed={curveName.value === "vectorSchedule"} title="A rate of their own for biases and norms" onClick={() => choose("vectorSchedule")}>
        biases and norms{ownVectors.value ? "" : "…"}
      </button>
      {ownVectors.value && (
        <button
          type="button"
          title="Biases and norms follow all other weights again"
          onClick={() => {
            curveName.value = "schedule";
            giveVectorsTheirOwn(false);
          }}
        >
          one rate for all
        </button>
      )}
    </div>
  );
}

function Parts({ now }: { now: Pieces }) {
  const starts = startsOf(now);
  const only = now.parts.length === 1;
  const peak = report.value?.peak.value || 1e-3;
  const placeAt = (index: number): Place => ({ peak, first: index === 0, left: Math.max(1, steps.value - (starts[index] ?? 0)) });
  return (
    <div class="schedule-parts">
      {now.parts.map((part, i) => (
        <PartForm key={i} part={part} index={i} start={starts[i]!} place={placeAt(i)} only={only} modifiers={only ? now.over : part.modifiers} onModifiers={(modifiers) => (only ? setOver(modifiers) : setPieces(() => withModifiers(now, i, modifiers)))} />
      ))}
      <div class="row">
        <select
          aria-label="Add a part"
          title="One more part after the last one"
          value=""
          onChange={(event) => {
            const family = families.find(({ shape }) => shape === event.currentTarget.value)!;
            event.currentTarget.value = "";
            setPieces(() => withPart(now, family.create({ peak, first: false, left: Math.max(1, Math.round(steps.value / 2)) }), steps.value));
          }}
        >
          <option value="">then…</option>
          <ShapeOptions />
        </select>
        {!only && <ModifiersForm what="all parts" modifiers={now.over} place={placeAt(0)} onChange={setOver} />}
      </div>
    </div>
  );
}
