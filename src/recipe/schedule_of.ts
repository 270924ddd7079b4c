// The learning rate of a run's settings. Apart from the model and its optimizer, so that a page that draws it loads neither.
import { constant, cosine, linear, warmup, type Schedule } from "../schedule/index.js";
import { parseSchedule } from "./schedule_expression.js";
import type { TrainSettings } from "./settings.js";

/** The expression, or linear warmup as nanoGPT counts it and the decay over the steps that are left. */
export function scheduleOf({ lr, minLr, warmup: warmupSteps, decay, schedule, steps }: TrainSettings): Schedule {
  if (schedule !== "") return parseSchedule(schedule);
  const left = steps - warmupSteps;
  const ramp = warmup({ steps: warmupSteps, to: lr, convention: "nanogpt" });
  if (decay === "constant") return ramp.then(constant(lr));
  return ramp.then(decay === "cosine" ? cosine({ from: lr, to: minLr, steps: left }) : linear({ from: lr, to: minLr, steps: left }));
}
