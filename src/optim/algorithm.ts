import type { StepKernelName } from "../kernels/optim_steps.js";
import type { CommonOptions } from "./param_group.js";
import type { Resolved } from "./values.js";

/** As in shaders/lib/optimizer.wgsl. A cell holds their sum. */
export const flags = { maximize: 1, decoupled: 2, nesterov: 4, gradientInit: 8, noBiasCorrection: 16, centered: 32, amsgrad: 64 } as const;

/** What a step kernel reads of one step, besides learning rate and weight decay. */
export interface Cell {
  /** The algorithm's own numbers: see its kernel. */
  own: readonly [number, number, number];
  /** Their powers correct the bias. [0, 0] where there is none. */
  betas: readonly [number, number];
  flags: number;
}

/** What makes an optimizer this one and not another. */
export interface Algorithm<O extends CommonOptions> {
  /** As the user typed it: the first word of errors. */
  readonly name: string;
  readonly defaults: O;
  /** Throws UsageError for options out of range. The common ones are checked elsewhere. */
  check(where: string, options: Resolved<O>): void;
  /** Names of the per-element state that these groups need: also the names of the kernel's bindings. */
  moments(groups: readonly O[]): readonly string[];
  /** What a moment holds before the first step; 0 where absent. */
  initial?(moment: string, options: Resolved<O>): number;
  /** The numbers of one step. */
  cell(options: Resolved<O>): Cell;
  /** The update kernel for these moments. */
  kernel(moments: readonly string[]): StepKernelName;
}
