// Descent of one tensor of weights under a loss written out: for laws that need no network.
import { backward, capture, fromArray, keep, type Device, type FeedFor, type optim, type Tensor } from "kiln-gpu";

export interface DescentOptions<T> {
  start: Float32Array;
  shape?: readonly number[];
  optimizer: (weights: Tensor) => optim.Optimizer;
  /** A scalar. What it reads from `feed` may change from step to step. */
  loss: (weights: Tensor, feed: T) => Tensor;
  feed?: (t: number) => FeedFor<T>;
  steps: number;
  /** The weights are kept every so many steps. 1 by default. */
  every?: number;
  signal: AbortSignal;
}

/** The weights before the first step, after every `every`-th, and at the end. */
export async function descend<T>(device: Device, { start, shape = [start.length], optimizer: make, loss, feed, steps, every = 1, signal }: DescentOptions<T>): Promise<Float32Array[]> {
  const weights = keep(fromArray(device, start, { shape }));
  weights.requiresGrad = true;
  const optimizer = make(weights);
  const step = capture(device, (fed: T) => {
    optimizer.zeroGrad();
    const value = loss(weights, fed);
    backward(value);
    optimizer.step();
    return value.detach();
  });
  const path = [start];
  for (let t = 0; t < steps; t++) {
    signal.throwIfAborted();
    step(feed?.(t) as never);
    if ((t + 1) % every === 0 || t === steps - 1) path.push((await weights.data()) as Float32Array);
  }
  for (const used of [step, optimizer, weights]) used.dispose();
  return path;
}
