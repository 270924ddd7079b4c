import type { TrainSettings } from "./settings.js";

/** Elements of the parameters that the settings' model has, for a model too large to be made. `nn.GPT` has them in these places. */
export function parameterCountOf({ layers, width, block, bias, tied, norm, normType }: TrainSettings, vocab: number, mlpRatio = 4): number {
  const linear = (inputs: number, outputs: number) => inputs * outputs + (bias ? outputs : 0);
  const normed = { layer: width + (bias ? width : 0), rms: width, none: 0 }[normType];
  const hidden = mlpRatio * width;
  const perBlock = 2 * normed + linear(width, 3 * width) + linear(width, width) + linear(width, hidden) + linear(hidden, width);
  return (vocab + block) * width + layers * perBlock + (norm === "pre" ? normed : 0) + (tied ? 0 : vocab * width);
}
