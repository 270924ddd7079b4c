// What a training loop reports. A row of a metrics file is one of these as JSON.

/** What a training loop tells of one step. */
export interface StepMetrics {
  /** Steps taken, this one included. */
  step: number;
  /** Of the batch, before the step. */
  loss: number;
  /** The learning rate that the kernels used, of the first parameter group. */
  lr: number;
  /** Of all gradients, before clipping. NaN if it was not finite. */
  gradNorm: number;
  clipped: boolean;
  /** The gradient was not finite: parameters and optimizer are as before. */
  skipped: boolean;
  /** What the next loss is multiplied by: halved by a skipped step. 1 without loss scaling. */
  lossScale: number;
  /** Smoothed; 0 until it is known: the first steps compile kernels. */
  tokensPerSecond: number;
}

/** What it tells of one validation. */
export interface ValidationMetrics {
  /** Steps taken before this validation. */
  step: number;
  validationLoss: number;
  /** Mean training loss since the validation before; null before the first step. */
  trainLoss: number | null;
  bestValidationLoss: number;
  /** Of data with answers: the share, from 0 to 1, of those that were right in every token. See exactMatch. */
  exactMatch?: number | null;
}

/** One line of a metrics file. JSON has no NaN: it becomes null. */
export function metricsLine(metrics: StepMetrics | ValidationMetrics): string {
  return `${JSON.stringify(metrics)}\n`;
}

/**
 * The lines of a metrics file up to `step`: what a resumed run keeps, because it makes the others again. A last line
 * that a crash cut off is left out.
 *
 * Returns null if the text is something else than a metrics file: then it must not be rewritten.
 */
export function linesUpTo(text: string, step: number): string | null {
  const lines = text.split("\n");
  const cutOff = lines.pop();
  const rows = [...lines, ...(cutOff && stepOf(cutOff) !== null ? [cutOff] : [])];
  if (rows.some((line) => stepOf(line) === null)) return null;
  return rows.filter((line) => stepOf(line)! <= step).map((line) => `${line}\n`).join("");
}

function stepOf(line: string): number | null {
  try {
    const { step } = JSON.parse(line) as { step?: unknown };
    return typeof step === "number" ? step : null;
  } catch {
    return null;
  }
}
