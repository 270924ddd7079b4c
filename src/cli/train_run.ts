// Carries out a plan: opens the device, trains, saves, samples.
import pc from "picocolors";
import { TaskData, type TokenData } from "../data/index.js";
import type { Device } from "../gpu/device.js";
import { saveCheckpoint } from "../node/checkpoint_file.js";
import { MetricsFile } from "../node/metrics_file.js";
import type { AdapterChoice } from "../node/open_device.js";
import { generate, type GPT } from "../nn/index.js";
import type { optimizerOf } from "../recipe/model_of.js";
import { partsOf } from "../recipe/parts_of.js";
import { stateOf, type RunPlan } from "../recipe/run_plan.js";
import type { TrainSettings } from "../recipe/settings.js";
import { train, type TrainResult } from "../train/index.js";
import { requireDTypeOn } from "../tensor/dtype.js";
import { exitCodes } from "./errors.js";
import { count, duration, loss, percent, rate } from "./format.js";
import { catchInterrupts } from "./interrupts.js";
import { printAnswers } from "./answers.js";
import { announce, withDevice } from "./open.js";
import { profileRun } from "./profile_run.js";
import { checkMemory } from "./memory_check.js";
import { makeReporter } from "./reporter.js";
import { sparkline } from "./sparkline.js";

export interface RunPlace {
  checkpointPath: string;
  metricsPath: string;
  adapter: AdapterChoice | undefined;
  /** True, or where the trace goes. */
  profile: string | true | undefined;
  detectAnomaly: boolean;
}

type Optimizer = ReturnType<typeof optimizerOf>;

/** Gives the exit code. */
export function trainRun(plan: RunPlan, place: RunPlace): Promise<number> {
  const exactTimes = place.profile === undefined ? {} : { disabledToggles: ["timestamp_quantization"] };
  const run = async (device: Device) => {
    console.log(announce(device));
    requireDTypeOn(device, "--precision", plan.settings.precision);
    const memory = checkMemory(device, plan);
    const { model, optimizer } = partsOf(device, plan);
    console.log(describePlan(plan, model, place));
    console.log(memory);
    if (place.profile !== undefined) await profileRun(device, model, optimizer, plan, place.profile);
    const { result, losses, seconds } = await runLoop(device, model, optimizer, plan, place);
    if (losses.length > 1) console.log(`loss      ${sparkline(losses)}  ${loss(losses[0])} to ${loss(losses[losses.length - 1])}`);
    console.log(summary(result, plan.checkpoint?.state.step ?? 0, seconds));
    console.log(`saved     ${place.checkpointPath}`);
    if (result.aborted) {
      console.log(`go on     kiln train --resume ${place.checkpointPath}`);
      return exitCodes.interrupted;
    }
    const sample = () => printSample(model, plan);
    if (plan.settings.sample > 0) await (optimizer.emaDecay === null ? sample() : optimizer.withAveragedWeights(sample));
    console.log(`more      kiln sample --checkpoint ${place.checkpointPath} --prompt "..."`);
    return exitCodes.ok;
  };
  return withDevice(place.adapter, run, exactTimes);
}

async function runLoop(device: Device, model: GPT, optimizer: Optimizer, plan: RunPlan, place: RunPlace): Promise<{ result: TrainResult; losses: number[]; seconds: number }> {
  const { settings, data, checkpoint } = plan;
  const startStep = checkpoint?.state.step ?? 0;
  const metricsFile = new MetricsFile(place.metricsPath, checkpoint ? startStep : null);
  const reporter = makeReporter({ steps: settings.steps, startStep, tokensPerStep: settings.accumulate * settings.batch * settings.block });
  const interrupts = catchInterrupts(() => reporter.say(pc.yellow("stopping after this step and saving; Ctrl-C again quits at once")));
  const losses: number[] = [];
  const started = performance.now();
  try {
    const result = await train({
      device,
      model,
      optimizer,
      data,
      steps: settings.steps,
      accumulate: settings.accumulate,
      startStep,
      evalEvery: settings.evalEvery,
      evalBatches: settings.evalBatches,
      checkpointEvery: settings.checkpointEvery,
      bestValidationLoss: checkpoint?.state.bestValidationLoss ?? null,
      precision: settings.precision,
      detectAnomaly: place.detectAnomaly,
      signal: interrupts.signal,
      onStep(metrics) {
        losses.push(metrics.loss);
        metricsFile.add(metrics);
        reporter.step(metrics);
      },
      onValidation(metrics) {
        metricsFile.add(metrics);
        reporter.validation(metrics);
      },
      async onCheckpoint({ step, bestValidationLoss }) {
        metricsFile.flush();
        await saveCheckpoint(place.checkpointPath, model, optimizer, stateOf(plan, model, step, bestValidationLoss));
      },
    });
    return { result, losses, seconds: (performance.now() - started) / 1000 };
  } finally {
    metricsFile.flush();
    reporter.stop();
    interrupts.release();
  }
}

function describePlan({ settings, data, checkpoint }: RunPlan, model: GPT, { checkpointPath }: RunPlace): string {
  const { layers, heads, width, block, batch, accumulate, steps } = settings;
  return [
    `data      ${settings.data}: ${describeParts(data)}, vocabulary ${count(data.vocab.size)}${data instanceof TaskData ? "" : ` (${settings.tokenizer})`}`,
    `model     ${pc.bold(`${count(model.parameterCount())} parameters`)}: ${layers} layers, ${heads} heads, width ${width}, block ${block}`,
    `training  ${count(steps)} steps of ${accumulate > 1 ? `${accumulate} x ` : ""}${batch} x ${block} tokens, ${settings.optimizer}, ${describeRate(settings)}${settings.precision === "f16" ? ", mixed precision" : ""}`,
    checkpoint ? `resuming  at step ${checkpoint.state.step}, in ${checkpointPath}` : `run       ${checkpointPath}`,
  ].join("\n");
}

function describeParts(data: TokenData): string {
  if (data instanceof TaskData) return `${count(data.trainProblems)} problems to train on, ${count(data.validationProblems)} others to validate, such as ${data.firstPrompt}${data.answerTo(data.firstPrompt)}`;
  return `${count(data.trainTokens)} tokens to train on, ${count(data.validationTokens)} to validate`;
}

function describeRate({ lr, minLr, warmup, decay, schedule }: TrainSettings): string {
  if (schedule !== "") return `rate ${schedule}`;
  const ramp = warmup > 0 ? `warmup of ${warmup} steps to ${rate(lr)}` : `learning rate ${rate(lr)}`;
  return decay === "constant" ? ramp : `${ramp}, ${decay} to ${rate(minLr)}`;
}

function summary({ step, bestValidationLoss, skipped, clipped }: TrainResult, startStep: number, seconds: number): string {
  const parts = [
    `step ${step} after ${duration(seconds)}`,
    bestValidationLoss !== null && pc.bold(`best validation loss ${loss(bestValidationLoss)}`),
    clipped > 0 && `${clipped} steps clipped (${percent(clipped / (step - startStep))})`,
    skipped > 0 && pc.yellow(`${skipped} steps skipped`),
  ];
  return `done      ${parts.filter(Boolean).join(", ")}`;
}

async function printSample(model: GPT, { settings, data }: RunPlan): Promise<void> {
  if (data instanceof TaskData) return printAnswers(model, data);
  const prompt = data.vocab.encode(data.firstPrompt);
  const tokens = await generate(model, prompt, { maxNewTokens: settings.sample, temperature: 0.8, seed: settings.seed });
  console.log(`\n${pc.dim("--- sample ---")}\n${(data.vocab.decode(prompt) + data.vocab.decode(tokens)).trimStart()}\n${pc.dim("--------------")}\n`);
}
