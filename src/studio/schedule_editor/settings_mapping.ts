// The schedule of the settings, and back: in the four plain fields where it fits there, else as text.
import { scheduleOf } from "../../recipe/schedule_of.js";
import type { TrainSettings } from "../../recipe/settings.js";
import type { Description, Schedule } from "../../schedule/index.js";
import { piecesText, type Pieces } from "./pieces.js";

export type RateSettings = Pick<TrainSettings, "lr" | "minLr" | "warmup" | "decay">;

/** The fields that make the same schedule over so many steps; null where none do. They keep fitting where the steps change. */
export function fieldsOf(schedule: Schedule, settings: TrainSettings): RateSettings | null {
  const guess = guessFields(schedule.toDescription(), settings.minLr);
  if (!guess || guess.lr <= 0 || guess.minLr < 0 || guess.minLr > guess.lr || guess.warmup > settings.steps) return null;
  const made = scheduleOf({ ...settings, ...guess, schedule: "" });
  return JSON.stringify(made.toDescription()) === JSON.stringify(schedule.toDescription()) ? guess : null;
}

/** What the fields must be, if they can be anything. */
function guessFields(description: Description, minLr: number): RateSettings | null {
  if (description.shape !== "sequence" || description.parts.length !== 2) return null;
  const [ramp, fall] = description.parts as [Description, Description];
  if (ramp.shape !== "warmup") return null;
  const { to: lr, steps: warmup } = ramp;
  if (fall.shape === "constant") return { lr, minLr: Math.min(minLr, lr), warmup, decay: "constant" };
  return fall.shape === "cosine" || fall.shape === "linear" ? { lr, minLr: fall.to ?? 0, warmup, decay: fall.shape } : null;
}

/** The change that gives the settings this schedule. */
export function changeFor(schedule: Schedule, pieces: Pieces, settings: TrainSettings): Partial<TrainSettings> {
  const fields = fieldsOf(schedule, settings);
  return fields ? { ...fields, schedule: "" } : { schedule: piecesText(pieces) };
}
