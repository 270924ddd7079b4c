import { UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { checkNumber, checkOptions } from "../options.js";
import { conv1d, conv2d } from "../ops/index.js";
import type { Tensor } from "../tensor/tensor.js";
import { fans, generatorOf, kaimingUniform, uniform, type Initializer, type RandomSource } from "./init.js";
import { drawParameter, Layer } from "./module.js";

/** Options of `Conv1d` and `Conv2d`; E is a number, or one for each axis. */
export interface ConvOptions<Extent> extends RandomSource {
  /** 1 by default. */
  stride?: Extent;
  /** Zeros on each side; 0 by default. */
  padding?: Extent;
  /** Distance between taps; 1 by default. */
  dilation?: Extent;
  /** Groups of channels that do not see each other; 1 by default. */
  groups?: number;
  /** True by default. */
  bias?: boolean;
  /** Of the weight; PyTorch's uniform ±1/sqrt(fan in) by default. */
  init?: Initializer;
}

const optionKeys = ["stride", "padding", "dilation", "groups", "bias", "init", "generator", "seed"];

interface Geometry<Extent> {
  stride: Extent;
  padding: Extent;
  dilation: Extent;
}

/** What both convolutions share. */
abstract class Conv<Extent> extends Layer {
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  protected readonly channelGroups: number;

  constructor(
    where: string,
    device: Device,
    inChannels: number,
    outChannels: number,
    kernel: readonly number[],
    protected readonly geometry: Geometry<Extent>,
    options: ConvOptions<unknown>,
  ) {
    super();
    checkOptions(where, options, optionKeys);
    checkNumber(where, "inChannels", inChannels, { min: 1, integer: true });
    checkNumber(where, "outChannels", outChannels, { min: 1, integer: true });
    for (const extent of kernel) checkNumber(where, "kernelSize", extent, { min: 1, integer: true });
    this.channelGroups = checkNumber(where, "groups", options.groups ?? 1, { min: 1, integer: true });
    if (inChannels % this.channelGroups !== 0 || outChannels % this.channelGroups !== 0) {
      throw new UsageError(`${where}: channels must be multiples of groups, got ${inChannels} in, ${outChannels} out and ${this.channelGroups} groups`);
    }
    const generator = generatorOf(where, options);
    const shape = [outChannels, inChannels / this.channelGroups, ...kernel];
    const bound = 1 / Math.sqrt(fans(shape).fanIn);
    const init = options.init ?? kaimingUniform({ a: Math.sqrt(5) });
    this.weight = this.registerParameter("weight", drawParameter(device, shape, init, generator));
    this.bias = (options.bias ?? true) ? this.registerParameter("bias", drawParameter(device, [outChannels], uniform({ low: -bound, high: bound }), generator)) : null;
  }
}

/**
 * Cross-correlation over a length.
 *
 * Shapes: x [batch, inChannels, length] -> y [batch, outChannels, floor((length + 2 padding - dilation (kernelSize - 1) - 1) / stride) + 1];
 *         weight [outChannels, inChannels / groups, kernelSize], bias [outChannels].
 * Range:  sizes, stride, dilation, groups >= 1; padding >= 0.
 * Throws: UsageError for values out of range or an unknown option.
 * Source: default init as PyTorch's Conv1d.
 */
export class Conv1d extends Conv<number> {
  constructor(device: Device, inChannels: number, outChannels: number, kernelSize: number, options: ConvOptions<number> = {}) {
    const geometry = {
      stride: checkNumber("Conv1d", "stride", options.stride ?? 1, { min: 1, integer: true }),
      padding: checkNumber("Conv1d", "padding", options.padding ?? 0, { min: 0, integer: true }),
      dilation: checkNumber("Conv1d", "dilation", options.dilation ?? 1, { min: 1, integer: true }),
    };
    super("Conv1d", device, inChannels, outChannels, [kernelSize], geometry, options);
  }

  forward(x: Tensor): Tensor {
    return conv1d(x, this.weight, this.bias, { ...this.geometry, groups: this.channelGroups });
  }
}

/** One number for both axes, or [height, width]. */
export type Extent2d = number | readonly [number, number];

/**
 * Cross-correlation over images.
 *
 * Shapes: x [batch, inChannels, height, width] -> y [batch, outChannels, height', width'], each extent as in Conv1d;
 *         weight [outChannels, inChannels / groups, ...kernelSize], bias [outChannels].
 * Range:  sizes, stride, dilation, groups >= 1; padding >= 0.
 * Throws: UsageError for values out of range or an unknown option.
 * Source: default init as PyTorch's Conv2d.
 */
export class Conv2d extends Conv<[number, number]> {
  constructor(device: Device, inChannels: number, outChannels: number, kernelSize: Extent2d, options: ConvOptions<Extent2d> = {}) {
    const geometry = {
      stride: both("stride", options.stride ?? 1, 1),
      padding: both("padding", options.padding ?? 0, 0),
      dilation: both("dilation", options.dilation ?? 1, 1),
    };
    super("Conv2d", device, inChannels, outChannels, both("kernelSize", kernelSize, 1), geometry, options);
  }

  forward(x: Tensor): Tensor {
    return conv2d(x, this.weight, this.bias, { ...this.geometry, groups: this.channelGroups });
  }
}

function both(name: string, extent: Extent2d, min: number): [number, number] {
  const pair = typeof extent === "number" ? [extent, extent] : [...extent];
  if (pair.length !== 2) throw new UsageError(`Conv2d: ${name} must be a number or [height, width], got [${pair.join(", ")}]`);
  for (const value of pair) checkNumber("Conv2d", name, value, { min, integer: true });
  return pair as [number, number];
}
