// Checks that several algorithms share.
import { UsageError } from "../errors.js";
import { checkNumber } from "../options.js";

/** Throws UsageError unless `betas` are two numbers in [0, 1). */
export function checkBetas(where: string, betas: readonly [number, number]): void {
  if (!Array.isArray(betas) || betas.length !== 2) throw new UsageError(`${where}: betas must be two numbers, got ${JSON.stringify(betas)}`);
  betas.forEach((beta, i) => checkNumber(where, `betas[${i}]`, beta, { min: 0, below: 1 }));
}

/** Throws UsageError unless every one of these options is true or false. */
export function checkFlags(where: string, options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== "boolean") throw new UsageError(`${where}: ${name} must be true or false, got ${String(value)}`);
  }
}
