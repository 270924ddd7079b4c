// Loss scaling: gradients that f16 would round to 0 are made larger on their way through the network, and small again in
// the optimizer. The scale lives on the GPU, where only what the kernels saw decides about it.
import { UsageError } from "../errors.js";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { lossScaleBounds, lossScaleBytes } from "../kernels/optim.js";
import { checkNumber, checkOptions } from "../options.js";
import { keep } from "../tensor/scope.js";
import { Tensor } from "../tensor/tensor.js";
import { setting, settingChanges } from "../tensor/tracker.js";

/** How a dynamic scale moves. PyTorch's GradScaler has the same names and defaults. */
export interface DynamicLossScale {
  /** The first scale; 65536 by default. */
  init: number;
  /** What `growthInterval` steps in a row without an infinity multiply it by; 2 by default. */
  growthFactor: number;
  /** What a skipped step multiplies it by; 0.5 by default. */
  backoffFactor: number;
  /** 2000 by default. */
  growthInterval: number;
}

/** A scale that moves ("dynamic", or its settings), or one that stays. */
export type LossScale = "dynamic" | Partial<DynamicLossScale> | number;

export interface LossScalingOptions {
  /** For mixed precision: see `scaleLoss`. None by default. */
  lossScale?: LossScale | null;
}

/** As a checkpoint holds it. */
export interface LossScaleState extends Omit<DynamicLossScale, "init"> {
  scale: number;
  /** Steps taken since the scale last changed. */
  goodSteps: number;
}

const defaults: DynamicLossScale = { init: 65536, growthFactor: 2, backoffFactor: 0.5, growthInterval: 2000 };
const bounds = { min: lossScaleBounds[0], max: lossScaleBounds[1] };
const longestInterval = 2 ** 31;

export class LossScaling {
  /** (scale as f32, steps taken since it changed as u32). */
  readonly slice: Slice;
  /** Before any step. */
  private readonly first: LossScaleState | null;
  private readonly tensor: Tensor;
  private rule: Omit<DynamicLossScale, "init"> | null;

  constructor(
    where: string,
    private readonly device: Device,
    option: LossScale | null = null,
  ) {
    this.first = option === null ? null : firstState(where, option);
    const buffer = device.acquire(lossScaleBytes, "optimizer loss scale");
    this.slice = { buffer, offset_bytes: 0, size_bytes: lossScaleBytes };
    this.tensor = keep(new Tensor(device, [], "f32", buffer.retain()));
    this.rule = this.first && ruleOf(this.first);
    this.write(this.first);
  }

  /** The scale as a tensor that every step rewrites; null without loss scaling. */
  get scale(): Tensor | null {
    return setting(this, () => this.rule !== null) ? this.tensor : null;
  }

  /** Params of optimizer_finalise. */
  get params(): { growth: number; backoff: number; growth_interval: number } {
    const { growthFactor, backoffFactor, growthInterval } = this.rule ?? { growthFactor: 1, backoffFactor: 1, growthInterval: longestInterval };
    return { growth: growthFactor, backoff: backoffFactor, growth_interval: growthInterval };
  }

  /** A tape that saved an older scale must not be walked. */
  markChanged(): void {
    this.slice.buffer.version++;
  }

  /** Null without loss scaling. Once everything launched so far has run. */
  async toState(): Promise<LossScaleState | null> {
    const { rule } = this;
    if (!rule) return null;
    const bytes = await this.device.read(this.slice);
    return { scale: new Float32Array(bytes)[0]!, goodSteps: new Uint32Array(bytes)[1]!, ...rule };
  }

  /** The scale before any step. */
  get firstScale(): number {
    return this.first?.scale ?? 1;
  }

  /** Takes over a state that `checkLossScale` has passed, or starts anew. Gives the scale. */
  load(state: LossScaleState | null = this.first): number {
    this.setRule(state && ruleOf(state));
    this.write(state);
    this.markChanged();
    return state?.scale ?? 1;
  }

  /** How the scale moves, to be put back by `setRule`. */
  get currentRule(): Omit<DynamicLossScale, "init"> | null {
    return this.rule;
  }

  setRule(rule: Omit<DynamicLossScale, "init"> | null): void {
    this.rule = rule;
    settingChanges(this);
  }

  dispose(): void {
    this.tensor.dispose();
    this.slice.buffer.release();
  }

  private write(state: LossScaleState | null): void {
    const bytes = new ArrayBuffer(lossScaleBytes);
    new Float32Array(bytes)[0] = state?.scale ?? 1;
    new Uint32Array(bytes)[1] = state?.goodSteps ?? 0;
    this.device.queue.write(this.slice, new Uint8Array(bytes));
  }
}

function ruleOf({ growthFactor, backoffFactor, growthInterval }: LossScaleState): Omit<DynamicLossScale, "init"> {
  return { growthFactor, backoffFactor, growthInterval };
}

function firstState(where: string, option: LossScale): LossScaleState {
  if (typeof option === "number") {
    const scale = checkNumber(where, "lossScale", option, bounds);
    return { scale, goodSteps: 0, growthFactor: 1, backoffFactor: 1, growthInterval: longestInterval };
  }
  if (option !== "dynamic" && (typeof option !== "object" || option === null)) {
    throw new UsageError(`${where}: lossScale must be "dynamic", a number, null or { ${Object.keys(defaults).join(", ")} }, got ${JSON.stringify(option)}`);
  }
  const given = option === "dynamic" ? {} : option;
  checkOptions(`${where}: lossScale`, given, Object.keys(defaults));
  const { init, ...rule } = { ...defaults, ...given };
  const state = { scale: init, goodSteps: 0, ...rule };
  checkLossScale(`${where}: lossScale`, state);
  return state;
}

/** Throws UsageError for a state that cannot be used. */
export function checkLossScale(where: string, { scale, goodSteps, growthFactor, backoffFactor, growthInterval }: LossScaleState): void {
  checkNumber(where, "the scale", scale, bounds);
  checkNumber(where, "goodSteps", goodSteps, { min: 0, below: 2 ** 32, integer: true });
  checkNumber(where, "growthFactor", growthFactor, { min: 1, max: bounds.max });
  checkNumber(where, "backoffFactor", backoffFactor, { above: 0, max: 1 });
  checkNumber(where, "growthInterval", growthInterval, { min: 1, max: longestInterval, integer: true });
}
