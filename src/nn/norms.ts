import { ShapeError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { checkEps, checkNumber, checkOptions } from "../options.js";
import { batchNorm, layerNorm, rmsNorm, ones, zeros } from "../ops/index.js";
import { checkUnitScalar } from "../ops/unit_scalar.js";
import { formatShape } from "../shape.js";
import type { Tensor } from "../tensor/tensor.js";
import { setting } from "../tensor/tracker.js";
import { Layer } from "./module.js";

/** Options of `LayerNorm`. */
export interface LayerNormOptions {
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
  /** Whether there is a weight (and a bias); true by default. */
  affine?: boolean;
  /** Whether there is a bias beside the weight; true by default. */
  bias?: boolean;
}

/**
 * y = (x - mean) / sqrt(variance + eps) * weight + bias over the last axis.
 *
 * Shapes: x [..., width] -> y [..., width]; weight, bias [width].
 * Range:  width >= 1, eps >= 0.
 * Throws: UsageError for values out of range or an unknown option.
 * Source: Ba et al. 2016, arXiv 1607.06450.
 */
export class LayerNorm extends Layer {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  private readonly eps: number;

  constructor(device: Device, width: number, options: LayerNormOptions = {}) {
    super();
    checkOptions("LayerNorm", options, ["eps", "affine", "bias"]);
    checkNumber("LayerNorm", "width", width, { min: 1, integer: true });
    this.eps = checkEps("LayerNorm", options.eps ?? 1e-5);
    const { affine = true, bias = true } = options;
    this.weight = affine ? this.registerParameter("weight", ones(device, [width])) : null;
    this.bias = affine && bias ? this.registerParameter("bias", zeros(device, [width])) : null;
  }

  forward(x: Tensor): Tensor {
    return layerNorm(x, this.weight, this.bias, { eps: this.eps });
  }
}

/** Options of `RMSNorm`. */
export interface RMSNormOptions {
  /** Added to the mean square; 1e-6 by default. */
  eps?: number;
  /** Whether there is a weight; true by default. */
  affine?: boolean;
}

/**
 * y = x / sqrt(mean(x²) + eps) * weight over the last axis.
 *
 * Shapes: x [..., width] -> y [..., width]; weight [width].
 * Range:  width >= 1, eps >= 0.
 * Throws: UsageError for values out of range or an unknown option.
 * Source: Zhang and Sennrich 2019, arXiv 1910.07467.
 */
export class RMSNorm extends Layer {
  readonly weight: Tensor | null;
  private readonly eps: number;

  constructor(device: Device, width: number, options: RMSNormOptions = {}) {
    super();
    checkOptions("RMSNorm", options, ["eps", "affine"]);
    checkNumber("RMSNorm", "width", width, { min: 1, integer: true });
    this.eps = checkEps("RMSNorm", options.eps ?? 1e-6);
    this.weight = (options.affine ?? true) ? this.registerParameter("weight", ones(device, [width])) : null;
  }

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.weight, { eps: this.eps });
  }
}

/** Options of `BatchNorm1d` and `BatchNorm2d`. */
export interface BatchNormOptions {
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
  /** Weight of the new batch in the running statistics, a number or an f32 tensor of one element; 0.1 by default. */
  momentum?: number | Tensor;
  /** Whether there are a weight and a bias; true by default. */
  affine?: boolean;
}

/** What the 1-d and 2-d batch norms share: they differ in the shapes that they take. */
export abstract class BatchNorm extends Layer {
  readonly weight: Tensor | null;
  readonly bias: Tensor | null;
  readonly runningMean: Tensor;
  readonly runningVar: Tensor;
  private share: number | Tensor;
  private readonly eps: number;

  constructor(
    private readonly where: string,
    private readonly layouts: readonly { rank: number; text: string }[],
    private readonly device: Device,
    channels: number,
    options: BatchNormOptions,
  ) {
    super();
    checkOptions(where, options, ["eps", "momentum", "affine"]);
    checkNumber(where, "channels", channels, { min: 1, integer: true });
    this.eps = checkEps(where, options.eps ?? 1e-5);
    this.share = checkUnitScalar(where, "momentum", options.momentum ?? 0.1, device);
    const affine = options.affine ?? true;
    this.weight = affine ? this.registerParameter("weight", ones(device, [channels])) : null;
    this.bias = affine ? this.registerParameter("bias", zeros(device, [channels])) : null;
    this.runningMean = this.registerBuffer("running_mean", zeros(device, [channels]));
    this.runningVar = this.registerBuffer("running_var", ones(device, [channels]));
  }

  /**
   * Weight of the new batch in the running statistics. May be changed between steps, also to an f32 tensor of one
   * element: each forward then takes what it holds.
   */
  get momentum(): number | Tensor {
    return setting(this, () => this.share);
  }

  set momentum(momentum: number | Tensor) {
    this.share = checkUnitScalar(this.where, "momentum", momentum, this.device);
  }

  forward(x: Tensor): Tensor {
    if (!this.layouts.some(({ rank }) => rank === x.rank)) {
      throw new ShapeError(`${this.where}: x must be ${this.layouts.map(({ text }) => text).join(" or ")}, got ${formatShape(x.shape)}`);
    }
    const { weight, bias, runningMean, runningVar, training, momentum, eps } = this;
    return batchNorm(x, { weight, bias, runningMean, runningVar, training, momentum, eps });
  }
}

/**
 * y = (x - mean) / sqrt(variance + eps) * weight + bias, with mean and variance of each channel: of the batch in
 * training, the running ones in eval mode.
 *
 * Shapes: x [batch, channels] or [batch, channels, length] -> y alike; weight, bias, running_mean, running_var [channels].
 * Range:  momentum in [0, 1], eps >= 0; more than one value a channel in training.
 * Throws: ShapeError for other shapes; UsageError for values out of range or an unknown option.
 * Source: Ioffe and Szegedy 2015, arXiv 1502.03167; the running variance is the unbiased one, as in PyTorch.
 */
export class BatchNorm1d extends BatchNorm {
  constructor(device: Device, channels: number, options: BatchNormOptions = {}) {
    super("BatchNorm1d", [{ rank: 2, text: "[batch, channels]" }, { rank: 3, text: "[batch, channels, length]" }], device, channels, options);
  }
}

/**
 * The same as BatchNorm1d for images.
 *
 * Shapes: x [batch, channels, height, width] -> y alike; weight, bias, running_mean, running_var [channels].
 * Range:  momentum in [0, 1], eps >= 0; more than one value a channel in training.
 * Throws: ShapeError for other shapes; UsageError for values out of range or an unknown option.
 * Source: Ioffe and Szegedy 2015, arXiv 1502.03167.
 */
export class BatchNorm2d extends BatchNorm {
  constructor(device: Device, channels: number, options: BatchNormOptions = {}) {
    super("BatchNorm2d", [{ rank: 4, text: "[batch, channels, height, width]" }], device, channels, options);
  }
}
