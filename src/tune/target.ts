// What the tuning tools work on, and the options that they share.
import { UsageError } from "../errors.js";
import { Module } from "../nn/index.js";
import { Optimizer } from "../optim/index.js";
import { checkNumber, checkOptions } from "../options.js";
import { Generator } from "../tensor/random.js";
import type { Tensor } from "../tensor/tensor.js";

/** A model in training, as a tool sees it. Every tool leaves all of it as it was found, bit for bit. */
export interface TuneTarget {
  /** Its parameters are probed; frozen groups stay where they are. The loss is minimised: no group may have `maximize`. */
  optimizer: Optimizer;
  /** Its buffers (running statistics) and training modes are put back, and the generators that its layers hold are found. */
  model?: Module;
  /** Others that the loss draws from. The same batch always draws the same numbers: dropout masks repeat. */
  generators?: readonly Generator[];
  /** The scalar loss of a batch, a mean over its examples. The same number must always mean the same batch. */
  loss: (batch: number) => Tensor;
}

/** What every tool takes. */
export interface ToolOptions {
  /** Stops the tool: it rejects with the signal's reason, after everything was put back. */
  signal?: AbortSignal;
}

/** How far a tool has come. */
export interface Progress {
  /** Units of work done: steps, evaluations or draws. */
  done: number;
  /** The most there will be. */
  total: number;
}

/** Throws UsageError unless a tool can work on `target`. */
export function checkTarget(where: string, target: TuneTarget): void {
  if (typeof target !== "object" || target === null) throw new UsageError(`${where}: needs { optimizer, loss }, got ${String(target)}`);
  checkOptions(where, target, ["optimizer", "model", "generators", "loss"]);
  const { optimizer, model, generators = [], loss } = target;
  if (!(optimizer instanceof Optimizer)) throw new UsageError(`${where}: optimizer must be one of optim, got ${typeof optimizer}`);
  if (model !== undefined && !(model instanceof Module)) throw new UsageError(`${where}: model must be an nn.Module, got ${typeof model}`);
  if (!Array.isArray(generators) || !generators.every((generator) => generator instanceof Generator)) {
    throw new UsageError(`${where}: generators must be an array of Generator, got ${Array.isArray(generators) ? "others in it" : typeof generators}`);
  }
  if (typeof loss !== "function") throw new UsageError(`${where}: loss must be a function from a batch's number to its loss, got ${typeof loss}`);
  if (optimizer.paramGroups.some(({ options }) => options.maximize && !options.frozen)) {
    throw new UsageError(`${where}: the loss is minimised, got a group with maximize; negate the loss instead`);
  }
}

/** Throws UsageError unless the shared options make sense; `known` are the tool's own. */
export function checkToolOptions(where: string, options: ToolOptions, known: readonly string[]): void {
  checkOptions(where, options, [...known, "signal"]);
  const { signal } = options;
  if (signal !== undefined && typeof signal?.aborted !== "boolean") throw new UsageError(`${where}: signal must be an AbortSignal, got ${typeof signal}`);
}

/** The numbers 0 to count - 1. Throws UsageError unless count is a whole number >= 1. */
export function batchNumbers(where: string, count: number): number[] {
  checkNumber(where, "batches", count, { min: 1, integer: true });
  return Array.from({ length: count }, (_, batch) => batch);
}
