// Progress of a run: a live bar on a terminal, plain lines elsewhere.
import { MultiBar, type SingleBar } from "cli-progress";
import pc from "picocolors";
import type { StepMetrics, ValidationMetrics } from "../train/index.js";
import { count, duration, loss, rate, shareOfAll } from "./format.js";

export interface Reporter {
  step(metrics: StepMetrics): void;
  validation(metrics: ValidationMetrics): void;
  /** A line of its own, above the bar. */
  say(line: string): void;
  stop(): void;
}

export interface ReporterOptions {
  steps: number;
  startStep: number;
  tokensPerStep: number;
}

/** How many plain lines a run prints, roughly. */
const plainLines = 20;

export function makeReporter(options: ReporterOptions): Reporter {
  const live = process.stdout.isTTY === true && process.env.TERM !== "dumb";
  return live ? new BarReporter(options) : new LineReporter(options);
}

function validationLine({ step, validationLoss, trainLoss, exactMatch }: ValidationMetrics, { steps }: ReporterOptions): string {
  const mean = trainLoss === null ? "" : `   training loss ${loss(trainLoss)} (mean since the last)`;
  const answers = typeof exactMatch === "number" ? `   ${pc.cyan(`exact match ${shareOfAll(exactMatch)}`)}` : "";
  return `${place(step, steps)}   ${pc.cyan(`validation loss ${loss(validationLoss)}`)}${answers}${mean}`;
}

function place(step: number, steps: number): string {
  return `step ${String(step).padStart(String(steps).length)}/${steps}`;
}

function eta({ step, tokensPerSecond }: StepMetrics, { steps, tokensPerStep }: ReporterOptions): string {
  return tokensPerSecond === 0 ? "-" : duration(((steps - step) * tokensPerStep) / tokensPerSecond);
}

function skippedNote({ step, skipped, lossScale }: StepMetrics): string | null {
  const scale = lossScale === 1 ? "" : `; the loss is scaled by ${lossScale} from now on`;
  return skipped ? pc.yellow(`step ${step} skipped: its loss or gradient was not finite${scale}`) : null;
}

class LineReporter implements Reporter {
  private readonly every: number;

  constructor(private readonly options: ReporterOptions) {
    this.every = Math.max(1, Math.round((options.steps - options.startStep) / plainLines));
  }

  step(metrics: StepMetrics): void {
    const { step, lr, gradNorm, tokensPerSecond } = metrics;
    const note = skippedNote(metrics);
    if (note) this.say(note);
    if (step % this.every !== 0 && step !== this.options.steps) return;
    this.say(`${place(step, this.options.steps)}   loss ${loss(metrics.loss)}   lr ${rate(lr)}   norm ${gradNorm.toFixed(2)}   ${count(tokensPerSecond)} tokens/s   eta ${eta(metrics, this.options)}`);
  }

  validation(metrics: ValidationMetrics): void {
    this.say(validationLine(metrics, this.options));
  }

  say(line: string): void {
    console.log(line);
  }

  stop(): void {}
}

class BarReporter implements Reporter {
  private readonly bars: MultiBar;
  private readonly bar: SingleBar;
  private validationLoss = "-";

  constructor(private readonly options: ReporterOptions) {
    this.bars = new MultiBar({
      format: "{bar} {value}/{total}  loss {loss}  val {validationLoss}  lr {lr}  {speed} tokens/s  eta {left}",
      barsize: 20,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      hideCursor: true,
      fps: 8,
      stream: process.stdout,
      gracefulExit: false, // Ctrl-C saves first: see interrupts.ts
    });
    this.bar = this.bars.create(options.steps, options.startStep, { loss: "-", validationLoss: "-", lr: "-", speed: "-", left: "-" });
  }

  step(metrics: StepMetrics): void {
    const note = skippedNote(metrics);
    if (note) this.say(note);
    this.bar.update(metrics.step, {
      loss: loss(metrics.loss),
      validationLoss: this.validationLoss,
      lr: rate(metrics.lr),
      speed: count(metrics.tokensPerSecond),
      left: eta(metrics, this.options),
    });
  }

  validation(metrics: ValidationMetrics): void {
    this.validationLoss = loss(metrics.validationLoss);
    this.say(validationLine(metrics, this.options));
  }

  say(line: string): void {
    this.bars.log(`${line}\n`);
  }

  stop(): void {
    this.bars.update(); // stop() drops the lines that still wait to be printed above the bar
    this.bars.stop();
  }
}
