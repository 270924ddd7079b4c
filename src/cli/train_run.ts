// Carries out a plan: opens the device, trains, saves, samples.
import pc from "picocolors";
import { TaskData, type TokenData } from "../data/index.js";
import type { DeviceLostError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { writeFileAtomic } from "../node/files.js";
import { openDevice, type AdapterChoice } from "../node/open_device.js";
import { generate, type GPT } from "../nn/index.js";
import type { optimizerOf } from "../recipe/model_of.js";
import { partsOf } from "../recipe/parts_of.js";
import { placeOf, stateOf, type RunPlan } from "../recipe/run_plan.js";
import type { TrainSettings } from "../recipe/settings.js";
import { encodeCheckpoint, Recovery, train, type Checkpoint, type TrainProgress, type TrainResult } from "../train/index.js";
import type { RandomState } from "../tensor/random.js";
import { requireDTypeOn } from "../tensor/dtype.js";
import { exitCodes } from "./errors.js";
import { count, duration, loss, percent, rate } from "./format.js";
import { catchInterrupts } from "./interrupts.js";
import { printAnswers } from "./answers.js";
import { announce } from "./open.js";
import { profileRun } from "./profile_run.js";
import { checkMemory } from "./memory_check.js";
import { RunLog } from "./run_log.js";
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

interface Trained {
  device: Device;
  model: GPT;
  optimizer: Optimizer;
  result: TrainResult;
}

/** Gives the exit code. `open` is called again for each device that is lost. */
export async function trainRun(plan: RunPlan, place: RunPlace, open = () => openTrainingDevice(place)): Promise<number> {
  const run = new RecoveringRun(plan, place, open);
  try {
    const { device, model, optimizer, result } = await run.train();
    try {
      run.printSummary(result);
      if (result.aborted) return exitCodes.interrupted;
      const sample = () => printSample(model, plan);
      if (plan.settings.sample > 0) await (optimizer.emaDecay === null ? sample() : optimizer.withAveragedWeights(sample));
      console.log(`more      kiln sample --checkpoint ${place.checkpointPath} --prompt "..."`);
      return exitCodes.ok;
    } finally {
      device.close();
    }
  } finally {
    run.close();
  }
}

function openTrainingDevice({ adapter, profile }: RunPlace): Promise<Device> {
  return openDevice({ ...(adapter && { adapter }), ...(profile !== undefined && { disabledToggles: ["timestamp_quantization"] }) });
}

/** A run that goes on with a new device where one is lost. */
class RecoveringRun {
  private readonly start: RandomState;
  private readonly recovery = new Recovery({ onLost: (error, step) => this.rewind(error, step) });
  /** Both from the moment when training begins. */
  private log: RunLog | null = null;
  private interrupts: ReturnType<typeof catchInterrupts> | null = null;

  constructor(
    private readonly plan: RunPlan,
    private readonly place: RunPlace,
    private readonly open: () => Promise<Device>,
  ) {
    this.start = plan.data.stateDict();
  }

  train(): Promise<Trained> {
    return this.recovery.run(async (copy) => {
      const device = await this.open();
      try {
        return await this.attempt(device, copy);
      } catch (error) {
        device.close();
        throw error;
      }
    });
  }

  printSummary(result: TrainResult): void {
    const { losses } = this.log!.summary;
    this.close();
    if (losses.length > 1) console.log(`loss      ${sparkline(losses)}  ${loss(losses[0])} to ${loss(losses[losses.length - 1])}`);
    console.log(summary(result, this.plan.checkpoint?.state.step ?? 0, this.log!.summary));
    console.log(`saved     ${this.place.checkpointPath}`);
    if (result.aborted) console.log(`go on     kiln train --resume ${this.place.checkpointPath}`);
  }

  /** Harmless to call twice. */
  close(): void {
    this.log?.close();
    this.interrupts?.release();
  }

  private async attempt(device: Device, copy: Checkpoint | null): Promise<Trained> {
    const plan = { ...this.plan, checkpoint: copy ?? this.plan.checkpoint };
    plan.data.loadStateDict(copy?.state.data?.position ?? this.start);
    const { model, optimizer } = this.log ? partsOf(device, plan) : await this.begin(device);
    return { device, model, optimizer, result: await this.loop(device, model, optimizer, plan) };
  }

  /** What is said once, before the first step. */
  private async begin(device: Device): Promise<{ model: GPT; optimizer: Optimizer }> {
    const { plan, place } = this;
    const { settings, checkpoint } = plan;
    console.log(announce(device));
    requireDTypeOn(device, "--precision", settings.precision);
    const memory = checkMemory(device, plan);
    const parts = partsOf(device, plan);
    console.log(describePlan(plan, parts.model, place));
    console.log(memory);
    if (place.profile !== undefined) await profileRun(device, parts.model, parts.optimizer, plan, place.profile);
    const tokensPerStep = settings.accumulate * settings.batch * settings.block;
    const log = new RunLog(place.metricsPath, checkpoint !== null, { steps: settings.steps, startStep: checkpoint?.state.step ?? 0, tokensPerStep });
    this.interrupts = catchInterrupts(() => log.say(pc.yellow("stopping after this step and saving; Ctrl-C again quits at once")));
    this.log = log;
    return parts;
  }

  private loop(device: Device, model: GPT, optimizer: Optimizer, plan: RunPlan): Promise<TrainResult> {
    const { settings, data, checkpoint } = plan;
    const log = this.log!;
    const encode = ({ step, bestValidationLoss, lossesSinceValidation }: TrainProgress) =>
      encodeCheckpoint(model, optimizer, stateOf(plan, model, step, bestValidationLoss, lossesSinceValidation));
    return train({
      device,
      model,
      optimizer,
      data,
      steps: settings.steps,
      accumulate: settings.accumulate,
      ...placeOf(checkpoint),
      evalEvery: settings.evalEvery,
      evalBatches: settings.evalBatches,
      checkpointEvery: settings.checkpointEvery,
      precision: settings.precision,
      detectAnomaly: this.place.detectAnomaly,
      signal: this.interrupts!.signal,
      onStep: (metrics) => log.step(metrics),
      onValidation: (metrics) => log.validation(metrics),
      onCheckpoint: async (progress) => {
        log.flush();
        const bytes = await encode(progress);
        this.recovery.keep(bytes, progress.step);
        writeFileAtomic(this.place.checkpointPath, bytes);
      },
      between: this.recovery.copying(encode),
    });
  }

  private rewind(error: DeviceLostError, step: number | null): void {
    const text = `${error.message}; going on with a new device from step ${step ?? this.plan.checkpoint?.state.step ?? 0}`;
    this.log?.rewind(step);
    if (this.log) this.log.say(pc.yellow(text));
    else console.log(pc.yellow(text));
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

function summary({ step, bestValidationLoss }: TrainResult, startStep: number, { seconds, clipped, skipped }: RunLog["summary"]): string {
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
