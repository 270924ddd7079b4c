// Schedules that people have trained well-known models with, by name.
import { constant, cosine, linear, multiStep, noam, oneCycle, warmup, warmupStableDecay, type Schedule } from "../schedule/index.js";
import { scheduleOf } from "./schedule_of.js";
import { presets as trainingPresets } from "./presets.js";

export interface SchedulePreset {
  schedule: Schedule;
  /** The length of the run it is for. */
  steps: number;
  source: string;
}

/** 5 epochs of 156 steps (batch 8192), then a tenth at epochs 30, 60 and 80. */
const resnet = warmup({ steps: 780, from: 0.1, to: 3.2 }).then(multiStep({ from: 3.2, milestones: [3900, 8580, 11700], factor: 0.1 }));

const named: Record<string, SchedulePreset> = {
  transformer: { schedule: noam({ width: 512, warmup: 4000 }), steps: 100_000, source: "Vaswani et al. 2017, the base model" },
  bert: { schedule: warmup({ steps: 10_000, to: 1e-4 }).then(linear({ steps: 990_000 })), steps: 1_000_000, source: "Devlin et al. 2018" },
  "resnet-50": { schedule: resnet, steps: 14_040, source: "Goyal et al. 2017, batch 8192, 90 epochs" },
  "llama-2": { schedule: warmup({ steps: 2000, to: 3e-4 }).then(cosine({ steps: 498_000, to: 3e-5 })), steps: 500_000, source: "Touvron et al. 2023, 7B: 2T tokens in batches of 4M" },
  wsd: { schedule: warmupStableDecay({ warmup: 100, stable: 1700, decay: 200, to: 1e-3 }), steps: 2000, source: "the shape of Hu et al. 2024 (MiniCPM)" },
  "one-cycle": { schedule: oneCycle({ to: 1e-2, steps: 1000 }), steps: 1000, source: "Smith and Topin 2017, PyTorch's defaults" },
  constant: { schedule: constant(1e-3), steps: 1000, source: "the rate that no schedule changes" },
};

/** Those of `kiln train` among them. */
export const schedulePresets: Readonly<Record<string, SchedulePreset>> = {
  ...Object.fromEntries(Object.entries(trainingPresets).map(([name, settings]) => [name, { schedule: scheduleOf(settings), steps: settings.steps, source: `kiln train --preset ${name}` }])),
  ...named,
};
