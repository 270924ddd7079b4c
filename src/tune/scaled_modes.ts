// The symmetric operator whose highest eigenvalue decides whether the optimizer's step is stable.
import { UsageError } from "../errors.js";
import { asSchedule } from "../schedule/index.js";
import { norm, type HostVector } from "./host_vectors.js";
import { stabilityRules, type Scaling, type StepOptions } from "./preconditioner.js";
import type { Probe } from "./probe.js";

/**
 * S = D^1/2 (H + W) D^1/2. D = r / P for each element: P the optimizer's scaling (1 without), r the group's learning
 * rate over its threshold, both relative to the leading group's, so that one number speaks for all groups.
 * W is coupled weight decay.
 *
 * Moments hold clipped gradients, so where P comes from them, H is what clipping makes of it: both shrink alike.
 */
export interface ScaledModes {
  /** sqrt(D), [size]; null where it is 1. */
  root: Float64Array | null;
  /** W, [size]; null where it is 0. */
  decay: Float64Array | null;
  /** c of the leading group: stable while its lr * lambda_max(S) is below. Null for an algorithm without a rule. */
  threshold: number | null;
  preconditioned: boolean;
}

/**
 * Of a tensor's mean squared gradient: the least that an element is taken to have before the first step. A unit that is
 * off in these few batches would else be scaled by 1 / eps, and its first stir would drown all curvature.
 */
const unseenShare = 1e-4;

interface LiveGroup {
  options: StepOptions;
  ratio: number;
  /** Where its parameters lie among the optimizer's. */
  parameters: readonly number[];
}

/**
 * `preconditioned` "auto" takes the optimizer's scaling where it has one. The scaling is that of the coming step: the
 * moments, with the gradients of `batches` joined as the step would. A parameter that has taken no step yet gets the
 * scaling that its moments would tend to here, from the batches' mean squared gradients.
 */
export async function scaledModes(where: string, probe: Probe, batches: readonly number[], preconditioned: boolean | "auto"): Promise<ScaledModes> {
  const { optimizer } = probe.target;
  const rule = stabilityRules[optimizer.name];
  if (preconditioned === true && !rule?.scaling) {
    const known = Object.keys(stabilityRules).filter((name) => stabilityRules[name]!.scaling);
    throw new UsageError(`${where}: preconditioned needs an optimizer that scales elements by their gradients, got ${optimizer.name}; use ${known.join(", ")}, or leave it out`);
  }
  const groups = liveGroups(probe);
  const leading = groups.find(({ ratio }) => ratio > 0)!;
  const scaling = preconditioned === false ? undefined : rule?.scaling;
  // Without its scaling, a scaling optimizer's own threshold would mean nothing: then it is gradient descent's.
  const thresholdOf = (options: StepOptions) => (!rule ? null : rule.scaling && !scaling ? null : rule.threshold(options));
  const threshold = thresholdOf(leading.options);
  const { scales, clip } = scaling ? await scalesOf(probe, groups, scaling, batches) : { scales: null, clip: 1 };

  const root = new Float64Array(probe.size).fill(1);
  const decay = new Float64Array(probe.size);
  let start = 0;
  for (const { options, ratio, parameters } of groups) {
    const own = threshold === null ? 1 : (ratio * threshold) / thresholdOf(options)!;
    for (const parameter of parameters) {
      const { size } = optimizer.parameters[parameter]!;
      for (let i = start; i < start + size; i++) root[i] = Math.sqrt(scales ? (own * clip) / scales[i]! : own);
      // root^2 has the factor of clipping; decay joins the gradient after it.
      if (rule?.coupledDecay(options)) decay.fill((options.weightDecay as number) / clip, start, start + size);
      start += size;
    }
  }
  const trivial = (values: Float64Array, value: number) => values.every((entry) => entry === value);
  return { root: trivial(root, 1) ? null : root, decay: trivial(decay, 0) ? null : decay, threshold, preconditioned: scales !== null };
}

/** D^1/2 (g + W x), the gradient in the coordinates in which S is the Hessian. */
export function scaledGradient({ root, decay }: ScaledModes, gradient: HostVector, place: HostVector): HostVector {
  if (!root && !decay) return gradient;
  return Float64Array.from(gradient, (g, i) => (root?.[i] ?? 1) * (g + (decay ? decay[i]! * place[i]! : 0)));
}

/** The direction in parameters of one in the scaled coordinates. */
export function unscaled({ root }: ScaledModes, v: HostVector): HostVector {
  return root ? Float64Array.from(v, (x, i) => x * root[i]!) : v;
}

function liveGroups({ target: { optimizer }, ratios, step }: Probe): LiveGroup[] {
  let first = 0;
  return optimizer.paramGroups.flatMap((group, i) => {
    const parameters = group.params.map((_, j) => first + j);
    first += parameters.length;
    if (group.frozen) return [];
    const live = parameters.filter((parameter) => !optimizer.parameters[parameter]!.isDisposed);
    return [{ options: group.at(step) as unknown as StepOptions, ratio: ratios[i]!, parameters: live }];
  });
}

/** P of every element, [size], and what clipping multiplies the gradients by. */
async function scalesOf(probe: Probe, groups: readonly LiveGroup[], scaling: Scaling, batches: readonly number[]): Promise<{ scales: Float64Array; clip: number }> {
  const { moments, parameterSteps } = await probe.target.optimizer.readMoments();
  const { mean, squares, clip } = await gradientMoments(probe, batches);
  const scales = new Float64Array(probe.size);
  let clipped = false;
  let start = 0;
  for (const { options, parameters } of groups) {
    for (const parameter of parameters) {
      const { size } = probe.target.optimizer.parameters[parameter]!;
      const step = parameterSteps[parameter]!;
      const floor = unseenShare * meanOf(squares.subarray(start, start + size));
      clipped ||= step > 0;
      for (let i = 0; i < size; i++) {
        const at = start + i;
        scales[at] = step === 0 ? scaling.settled(Math.max(squares[at]!, floor), options) : scaling.upcoming((name) => moments[name]![parameter]![i]!, clip * mean[at]!, step + 1, options);
      }
      start += size;
    }
  }
  return { scales, clip: clipped ? clip : 1 };
}

/** Of the batches' gradients: the mean, the mean of the squares, and of what clipping by norm makes of each. */
async function gradientMoments(probe: Probe, batches: readonly number[]): Promise<{ mean: Float64Array; squares: Float64Array; clip: number }> {
  const { clipNorm } = probe.target.optimizer;
  const limit = clipNorm === null ? Infinity : asSchedule(clipNorm).at(probe.step);
  const mean = new Float64Array(probe.size);
  const squares = new Float64Array(probe.size);
  let clip = 0;
  for (const batch of batches) {
    const { gradient } = await probe.gradient([batch]);
    clip += Math.min(1, limit / norm(gradient)) / batches.length;
    for (let i = 0; i < gradient.length; i++) {
      const g = gradient[i]!;
      mean[i]! += g / batches.length;
      squares[i]! += (g * g) / batches.length;
    }
  }
  return { mean, squares, clip };
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / (values.length || 1);
}
