import { ShapeError } from "../errors.js";
import { layerNormBackward, layerNormChunks, layerNormForward } from "../kernels/layer_norm.js";
import { checkEps, checkNumber, checkOptions } from "../options.js";
import { formatShape, sameShape, sizeOf } from "../shape.js";
import { autocastDType } from "../tensor/autocast.js";
import { requireDTypeOn } from "../tensor/dtype.js";
import { record } from "../tensor/tape.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { requireDType, requireSameDevice } from "./checks.js";

export interface RowNormOptions {
  /** Added under the root: 1e-5 by default for layer norm, 1e-6 for RMS norm. */
  eps?: number;
  /** How many trailing dimensions are normalised together. 1 by default. */
  normalizedDims?: number;
}

/**
 * Layer norm: y = (x - mean) / sqrt(var + eps) * weight + bias, with mean and biased variance over the last dimensions.
 *
 * Shapes: x [..., d1, ..., dk] -> same, f16 inside autocast; weight, bias [d1, ..., dk] or null, k = normalizedDims.
 * Range:  eps >= 0, 1e-5 by default. Corrected two-pass variance: x may lie far from 0. A constant row gives the bias. Of f16
 *         too, mean, variance and eps are f32: no eps is too small for it.
 * Throws: DTypeError for integers; ShapeError if weight or bias does not have the normalised shape.
 * Source: Ba, Kiros and Hinton 2016; backward dx = rstd * (g - mean(g) - xhat * mean(g * xhat)), g = weight * dy.
 */
export function layerNorm(x: Tensor, weight: Tensor | null = null, bias: Tensor | null = null, options: RowNormOptions = {}): Tensor {
  return rowNorm("layerNorm", x, weight, bias, options, { center: true, eps: 1e-5 });
}

/**
 * RMS norm: y = x / sqrt(mean(x^2) + eps) * weight over the last dimensions.
 *
 * Shapes: x [..., d1, ..., dk] -> same, f16 inside autocast; weight [d1, ..., dk] or null, k = normalizedDims.
 * Range:  eps >= 0, 1e-6 by default: f32 beside an f16 x too.
 * Throws: DTypeError for integers; ShapeError if weight does not have the normalised shape.
 * Source: Zhang and Sennrich 2019; backward dx = rstd * (g - xhat * mean(g * xhat)), g = weight * dy.
 */
export function rmsNorm(x: Tensor, weight: Tensor | null = null, options: RowNormOptions = {}): Tensor {
  return rowNorm("rmsNorm", x, weight, null, options, { center: false, eps: 1e-6 });
}

function rowNorm(
  op: string,
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  options: RowNormOptions,
  kind: { center: boolean; eps: number },
): Tensor {
  checkOptions(op, options, ["eps", "normalizedDims"]);
  requireDType(op, "x", x, "f32", "f16");
  const dims = checkNumber(op, "normalizedDims", options.normalizedDims ?? 1, { min: 1, integer: true });
  if (dims > x.rank) throw new ShapeError(`${op}: normalizedDims is ${dims}, got x ${formatShape(x.shape)}; use 1 to ${x.rank}`);
  const normalized = x.shape.slice(x.rank - dims);
  for (const [name, tensor] of [["weight", weight], ["bias", bias]] as const) {
    if (!tensor) continue;
    requireDType(op, name, tensor, "f32", "f16");
    requireSameDevice(op, x, tensor);
    if (!sameShape(tensor.shape, normalized)) {
      throw new ShapeError(`${op}: ${name} must have the normalised shape ${formatShape(normalized)}, got ${formatShape(tensor.shape)}`);
    }
  }
  const cols = sizeOf(normalized);
  if (cols === 0) throw new ShapeError(`${op}: nothing to normalise, got x ${formatShape(x.shape)}`);
  const eps = checkEps(op, options.eps ?? kind.eps);
  const settings = { rows: x.size / cols, cols, center: kind.center };

  const dtype = autocastDType() ?? x.dtype;
  requireDTypeOn(x.device, op, dtype);
  const y = empty(x.device, x.shape, dtype);
  const stats = empty(x.device, [settings.rows, 4]);
  layerNormForward(
    x.device,
    { x: x.buffer, w: weight?.buffer ?? null, b: bias?.buffer ?? null, y: y.buffer, stats: stats.buffer },
    { ...settings, eps },
  );
  const hasWeight = weight !== null;
  const hasBias = bias !== null;
  const output = record({
    op,
    inputs: [x, ...(weight ? [weight] : []), ...(bias ? [bias] : [])],
    output: y,
    // Without a weight, x stands in for it; the kernel does not read it.
    saved: [x, weight ?? x, stats],
    vjp: (dy, [x, w, stats], needs, gradients) => {
      // A residual connection adds to x's gradient before the norm does: both sums in one launch.
      const others = needs[0] ? gradients.take(0) : null;
      const dx = needs[0] ? gradients.empty(0) : null;
      const chunks = layerNormChunks(x.device, settings.rows);
      const [dw = null, db = null] = inputsOf(hasWeight, hasBias).map((i) => (i !== null && needs[i] ? gradients.partials(i, chunks) : null));
      layerNormBackward(
        x.device,
        {
          ...{ x: x.buffer, w: hasWeight ? w.buffer : null, dy: dy.buffer, stats: stats.buffer, others: others?.buffer ?? null },
          ...{ dx: dx?.buffer ?? null, dw: dw?.memory.buffer ?? null, db: db?.memory.buffer ?? null },
        },
        settings,
      );
      return [dx, ...(hasWeight ? [dw?.sum ?? null] : []), ...(hasBias ? [db?.sum ?? null] : [])];
    },
  });
  stats.dispose();
  return output;
}

/** Which inputs weight and bias are. */
function inputsOf(hasWeight: boolean, hasBias: boolean): (number | null)[] {
  return [hasWeight ? 1 : null, hasBias ? (hasWeight ? 2 : 1) : null];
}
