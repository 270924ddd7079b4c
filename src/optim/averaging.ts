// Averaged weights: an exponential moving average of the parameters, often better than the last ones.
import { UsageError } from "../errors.js";
import { checkNumber } from "../options.js";
import { Schedule } from "../schedule/index.js";
import { checkClosed, type Scheduled } from "./values.js";

export interface AveragingOptions {
  /** Keeps averaged weights: average = decay * average + (1 - decay) * parameters after each step taken. */
  emaDecay?: Scheduled;
}

const range = { min: 0, below: 1 };

/** What the host knows of the averaged weights. They lie in the arena, under the name "ema". */
export class Averaging {
  private value: Scheduled | null;
  /** Shows the parameters again; null while they show. */
  private hide: (() => void) | null = null;
  /** False until a step or a load makes them more than a copy of the parameters. */
  started = false;

  constructor(
    private readonly where: string,
    decay: Scheduled | undefined,
  ) {
    this.value = decay === undefined ? null : this.checked(decay);
  }

  get on(): boolean {
    return this.value !== null;
  }

  get decay(): Scheduled | null {
    return this.value;
  }

  /** Only its value can change: whether there are averaged weights is settled when the optimizer is made. */
  set decay(decay: Scheduled | null) {
    if ((decay !== null) !== this.on) throw new UsageError(`${this.where}: emaDecay must be given when the optimizer is made, got ${String(decay)}; averaged weights need memory of their own`);
    if (decay !== null) this.value = this.checked(decay);
  }

  /** 1 - decay of step `t`. */
  rateAt(t: number): number {
    if (this.value === null) return 0;
    return 1 - (this.value instanceof Schedule ? checkNumber(this.where, `emaDecay at step ${t}`, this.value.at(t), range) : this.value);
  }

  /** Throws while the parameters show the averaged weights. */
  checkHidden(): void {
    if (this.hide) throw new UsageError(`${this.where}: the parameters show their averaged weights; wait until withAveragedWeights() is done`);
  }

  during<T>(fn: () => T, show: (averaged: boolean) => void): T {
    if (!this.on) throw new UsageError(`${this.where}: keeps no averaged weights; make it with emaDecay, for example 0.999`);
    this.hide = () => show(false);
    show(true);
    let result: T;
    try {
      result = fn();
    } catch (error) {
      this.end();
      throw error;
    }
    if (result instanceof Promise) return result.finally(() => this.end()) as T;
    this.end();
    return result;
  }

  /** Shows the parameters again, if they do not show. */
  end(): void {
    this.hide?.();
    this.hide = null;
  }

  private checked(decay: Scheduled): Scheduled {
    checkClosed(this.where, { emaDecay: decay });
    if (!(decay instanceof Schedule)) checkNumber(this.where, "emaDecay", decay, range);
    return decay;
  }
}
