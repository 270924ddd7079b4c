// The losses of a number of captured steps, read many at a time: reading each would leave the device idle between two.
import { mul, stack, type CapturedStep, type FeedFor, type Tensor } from "kiln-gpu";

export interface LossOptions<T> {
  steps: number;
  signal: AbortSignal;
  /** What step t is fed. Nothing by default. */
  feed?: (t: number) => FeedFor<T>;
  /** Ends the run soon after the first loss beyond it, or not finite: the rest would be spent on a lost cause. */
  stopAbove?: number;
}

/** Steps that are launched, and losses read, together: waiting for each costs more than a small step. */
const readTogether = 32;

/** The losses of all steps; where `stopAbove` ends the run, the last is the one that did. */
export async function lossesOf<T>(step: CapturedStep<T, Tensor>, { steps, signal, feed, stopAbove = Infinity }: LossOptions<T>): Promise<number[]> {
  const losses: number[] = [];
  let unread: Tensor[] = [];
  for (let t = 0; t < steps; t++) {
    signal.throwIfAborted();
    // A replay writes over what it returned before.
    unread.push(mul(step(feed?.(t)), 1));
    if (unread.length < readTogether && t < steps - 1) continue;
    // Sleeps in Node on a software adapter, where reading would poll and take a core from it.
    await step.ready(0);
    losses.push(...(await valuesOf(unread)));
    unread = [];
    const lost = losses.findIndex((loss) => !(loss <= stopAbove && Number.isFinite(loss)));
    if (lost >= 0) return losses.slice(0, lost + 1);
  }
  return losses;
}

async function valuesOf(scalars: readonly Tensor[]): Promise<number[]> {
  const together = stack(scalars);
  const values = [...(await together.data())];
  for (const tensor of [...scalars, together]) tensor.dispose();
  return values;
}
