import type { Device } from "../gpu/device.js";
import type { Slice } from "../gpu/buffers.js";
import type { Arena } from "./arena.js";
import type { CommonOptions, ParamGroup } from "./param_group.js";
import type { Cell } from "./step_table.js";

/** What makes an optimizer this one and not another. */
export interface Algorithm<O extends CommonOptions> {
  /** As the user typed it: the first word of errors. */
  readonly name: string;
  readonly defaults: O;
  /** Throws UsageError for options out of range; `lr` and `weightDecay` are checked elsewhere. */
  check(where: string, options: O): void;
  /** Names of the per-element state that these groups need. */
  moments(groups: readonly ParamGroup<O>[]): readonly string[];
  /** What the step table holds for step t: the learning rate first. */
  cell(group: ParamGroup<O>, t: number): Cell;
  /** Numbers that do not change with the step, and the betas whose powers correct the bias. */
  constants(options: O): { options: Cell; betas: readonly [number, number] };
  /** Launches the update of one arena. */
  update(device: Device, arena: Arena, hyper: Slice, moments: readonly string[]): void;
}
