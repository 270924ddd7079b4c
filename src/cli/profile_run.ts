// `kiln train --profile`: a training step under the profiler, before the run starts and without moving it.
import { statSync } from "node:fs";
import { UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import type { GPT } from "../nn/index.js";
import { writeFileAtomic } from "../node/files.js";
import type { Optimizer } from "../optim/index.js";
import { chromeTrace, profile, profileTable } from "../profile/index.js";
import { Steps } from "../train/steps.js";
import type { RunPlan } from "../recipe/run_plan.js";

/** Prints the table, and writes the trace where a file is named. Model, optimizer and data are left as they were, bit for bit. */
export async function profileRun(device: Device, model: GPT, optimizer: Optimizer, { settings, data }: RunPlan, file: string | true): Promise<void> {
  if (file !== true && statSync(file, { throwIfNoEntry: false })?.isDirectory()) throw new UsageError(`--profile: needs a file, got the folder ${file}; name a file in it`);
  const snapshot = optimizer.snapshot();
  const [draws, position] = [model.generator.stateDict(), data.stateDict()];
  const steps = new Steps(device, model, optimizer, true, settings.precision);
  try {
    const batches = Array.from({ length: settings.accumulate }, () => data.next());
    const measured = await profile(device, () => steps.train(batches));
    console.log(`\n${profileTable(measured)}\n`);
    if (file === true) return;
    writeFileAtomic(file, JSON.stringify(chromeTrace(measured)));
    console.log(`trace     ${file}: open it in chrome://tracing or ui.perfetto.dev`);
  } finally {
    steps.dispose();
    snapshot.restore();
    snapshot.dispose();
    model.generator.loadStateDict(draws);
    data.loadStateDict(position);
  }
}
