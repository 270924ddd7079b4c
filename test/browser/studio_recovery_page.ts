// What the recovery tests run in a page: a run from the recipe, stored and recovered as the studio does it, in a worker. One script is both.
import { expose, wrap } from "comlink";
import { tokenizerFromJSON } from "../../src/data/index.js";
import { openDevice } from "../../src/gpu/open_device.js";
import { dataOf } from "../../src/recipe/model_of.js";
import { partsOf } from "../../src/recipe/parts_of.js";
import { stateOf, type RunPlan } from "../../src/recipe/run_plan.js";
import { settingsOf } from "../../src/recipe/settings.js";
import { openStore } from "../../src/studio/storage/index.js";
import { decodeCheckpoint, encodeCheckpoint, Recovery, train, type Checkpoint } from "../../src/train/index.js";

const source = Array.from({ length: 3000 }, (_, i) => "abcdefghijklmnop"[(i * i + (i >> 3)) % 16]).join("");
const usual = settingsOf("small", {
  tokenizer: "char", layers: 1, heads: 2, width: 16, block: 16, batch: 4, dropout: 0.1, lr: 1e-2, minLr: 1e-3, warmup: 10, steps: 60, evalEvery: 20, evalBatches: 2, checkpointEvery: 10, sample: 0,
});
const runId = "run";

const seen = { step: 0, saved: 0, wentOnAt: [] as (number | null)[], rows: new Map<number, string>(), madeAgain: 0, mismatches: [] as number[] };

/** Each number by all of its bits. */
const bitsOf = (values: number[]) => new Float64Array(values).join(" ");

/** The run as it was saved, or a new one. */
async function planFrom(checkpoint: Checkpoint | null, steps: number): Promise<RunPlan> {
  const settings = { ...usual, steps };
  const data = await dataOf(source, settings, checkpoint ? await tokenizerFromJSON(checkpoint.state.tokenizer) : null);
  if (checkpoint) data.loadStateDict(checkpoint.state.data!.position);
  return { settings, data, checkpoint };
}

async function trainRun({ retries = 2, pace_ms = 0, every = 5, steps = usual.steps }): Promise<{ end: string; step: number; adapter: string }> {
  const { store } = await openStore();
  const stored = await store.readCheckpoint(runId);
  const recovery = new Recovery({ every, retries, onLost: (_error, step) => seen.wentOnAt.push(step) });
  if (stored) recovery.keep(stored.bytes, stored.step);
  let adapter = "";
  const attempt = async (copy: Checkpoint | null) => {
    const device = await openDevice();
    adapter = device.adapter.name;
    try {
      const plan = await planFrom(copy, steps);
      const { settings } = plan;
      const { model, optimizer } = partsOf(device, plan);
      const encode = (step: number, best: number | null) => encodeCheckpoint(model, optimizer, stateOf(plan, model, step, best));
      const copying = recovery.copying(({ step, bestValidationLoss }) => encode(step, bestValidationLoss));
      const result = await train({
        device, model, optimizer, data: plan.data, steps, startStep: copy?.state.step ?? 0, bestValidationLoss: copy?.state.bestValidationLoss ?? null,
        evalEvery: settings.evalEvery, evalBatches: settings.evalBatches, checkpointEvery: settings.checkpointEvery,
        onStep({ step, loss, lr, gradNorm }) {
          const row = bitsOf([loss, lr, gradNorm]);
          const before = seen.rows.get(step);
          if (before !== undefined) seen.madeAgain++;
          if (before !== undefined && before !== row) seen.mismatches.push(step);
          seen.rows.set(step, row);
          seen.step = step;
        },
        async onCheckpoint({ step, bestValidationLoss }) {
          await store.writeCheckpoint(runId, await encode(step, bestValidationLoss));
          seen.saved = step;
        },
        async between(progress, settle) {
          await copying(progress, settle);
          // So that a test has time to do harm.
          if (pace_ms > 0) await new Promise((resolve) => setTimeout(resolve, pace_ms));
        },
      });
      return result.step;
    } finally {
      device.close();
    }
  };
  try {
    return { end: "done", step: await recovery.run(attempt), adapter };
  } catch (error) {
    return { end: `${(error as Error).name}: ${(error as Error).message}`, step: recovery.copy?.step ?? 0, adapter };
  }
}

const tests = {
  train: trainRun,
  progress: async () => ({ ...seen, rows: [...seen.rows] }),
  async savedStep(): Promise<number | null> {
    const found = await (await openStore()).store.readCheckpoint(runId);
    return found && decodeCheckpoint(found.bytes).state.step;
  },
};

export type RecoveryTests = typeof tests;

if (typeof document === "undefined") expose(tests);
else Object.assign(globalThis, { recovery: wrap(new Worker("/script.js", { type: "module" })) });
