// A training run that tools look into between its steps, beside the same run left alone.
import { openDevice } from "../../src/gpu/open_device.js";
import { dataOf } from "../../src/recipe/model_of.js";
import { partsOf } from "../../src/recipe/parts_of.js";
import { presets } from "../../src/recipe/presets.js";
import { mergeSettings, type TrainSettings } from "../../src/recipe/settings.js";
import { adviseSchedule, measureSharpness, testRange, type SharpnessWork } from "../../src/studio/worker/tools.js";
import { train } from "../../src/train/index.js";

const text = Array.from({ length: 400 }, (_, i) => "the quick brown fox jumps over the lazy dog "[(i * 7 + (i >> 3)) % 44]).join("") + "\n";
const small = { ...presets.small, data: "text", layers: 1, heads: 2, width: 16, block: 16, batch: 4, steps: 9, warmup: 4, dropout: 0.1, evalEvery: 3, evalBatches: 2, checkpointEvery: 5 };
type Tool = "none" | "range test" | "advice" | "sharpness";

interface Trained {
  losses: number[];
  validations: number[];
  weights: number[];
  /** Bytes that live after the run, its own parts gone. */
  left: number;
  measured: unknown[];
}

async function use(tool: Tool, work: SharpnessWork): Promise<unknown> {
  if (tool === "range test") return testRange(work);
  if (tool === "advice") return adviseSchedule({ ...work, settings: { ...work.settings, steps: 40 } });
  return tool === "sharpness" ? measureSharpness(work) : null;
}

async function run(changes: Partial<TrainSettings>, tool: Tool, abortAt: number | null = null): Promise<Trained> {
  const device = await openDevice();
  const settings = { ...small, ...changes };
  const data = await dataOf(text, settings, null);
  const { model, optimizer } = partsOf(device, { settings, data, checkpoint: null });
  const [losses, validations, measured]: [number[], number[], unknown[]] = [[], [], []];
  const look = async ({ step }: { step: number }) => {
    if (tool === "none" || step >= settings.steps) return;
    const controller = new AbortController();
    let heard = 0;
    const onProgress = (): void => void (++heard === abortAt && controller.abort(new Error("enough")));
    measured.push(await use(tool, { device, settings, data, model, optimizer, step, thorough: false, signal: controller.signal, onProgress }).catch((error: Error) => error.message));
  };
  const { evalEvery, evalBatches, checkpointEvery, accumulate, steps, precision } = settings;
  await train({ device, model, optimizer, data, steps, accumulate, evalEvery, evalBatches, checkpointEvery, precision, onStep: ({ loss }) => losses.push(loss), onValidation: ({ validationLoss }) => validations.push(validationLoss), onCheckpoint: look });
  const weights: number[] = [];
  for (const tensor of Object.values(model.stateDict())) weights.push(...(await tensor.data()));
  optimizer.dispose();
  model.dispose();
  const left = device.memory().liveBytes;
  device.close();
  return { losses, validations, weights, left, measured };
}

async function tool(name: Exclude<Tool, "none" | "sharpness">, changes: Partial<TrainSettings>): Promise<unknown> {
  const device = await openDevice();
  const settings = { ...mergeSettings("small", {}), ...small, ...changes };
  try {
    const work = { device, settings, data: await dataOf(text, { ...settings, accumulate: 1 }, null), signal: new AbortController().signal, onProgress: () => {} };
    return await (name === "range test" ? testRange(work) : adviseSchedule(work));
  } catch (error) {
    return (error as Error).message;
  } finally {
    device.close();
  }
}

const tests = { run, tool };
export type ToolsTests = typeof tests;
Object.assign(globalThis, { toolsTests: tests });
