// The first argument of an optimizer: tensors, or groups of them.
import { UsageError } from "../errors.js";
import { checkOptions } from "../options.js";
import { Tensor } from "../tensor/tensor.js";
import { withoutUndefined, type CommonOptions, type GroupOptions } from "./param_group.js";

/** Brings both forms to groups, and checks every parameter. */
export function normalGroups<O extends CommonOptions>(
  where: string,
  params: readonly Tensor[] | readonly GroupOptions<O>[],
  defaults: O,
  keys: readonly string[],
): { params: readonly Tensor[]; options: O }[] {
  if (!Array.isArray(params)) throw new UsageError(`${where}: params must be an array of tensors or of groups, got ${typeof params}`);
  const list = params as readonly (Tensor | GroupOptions<O>)[];
  const given = list.length > 0 && list.every((entry) => entry instanceof Tensor) ? [{ params: list } as GroupOptions<O>] : (list as readonly GroupOptions<O>[]);
  const groups = given.map((group) => {
    if (typeof group !== "object" || group === null || group instanceof Tensor || !Array.isArray(group.params)) {
      throw new UsageError(`${where}: a group is { params: [tensors], ... }, got ${group instanceof Tensor ? "tensors and groups mixed" : JSON.stringify(group)}`);
    }
    checkOptions(where, group, ["params", ...keys]);
    const { params: tensors, ...own } = group;
    return { params: [...tensors], options: { ...defaults, ...withoutUndefined(own) } as O };
  });
  checkParameters(where, groups);
  return groups;
}

function checkParameters<O extends CommonOptions>(where: string, groups: readonly { params: readonly Tensor[]; options: O }[]): void {
  const tensors = groups.flatMap(({ params, options }) => params.map((tensor) => ({ tensor, frozen: options.frozen })));
  if (tensors.length === 0) throw new UsageError(`${where}: got no parameters; pass the tensors to train`);
  const seen = new Map<Tensor, number>();
  tensors.forEach(({ tensor, frozen }, i) => {
    if (!(tensor instanceof Tensor)) throw new UsageError(`${where}: parameter ${i} must be a tensor, got ${typeof tensor}`);
    if (seen.has(tensor)) throw new UsageError(`${where}: parameter ${i} ${tensor.describe()} is listed twice, first as parameter ${seen.get(tensor)!}`);
    seen.set(tensor, i);
    if (tensor.isDisposed) throw new UsageError(`${where}: parameter ${i} ${tensor.describe()} was disposed`);
    if (tensor.node) throw new UsageError(`${where}: parameter ${i} ${tensor.describe()} was computed by ${tensor.node.op}; only leaves can be trained`);
    if (!tensor.requiresGrad && !frozen) throw new UsageError(`${where}: parameter ${i} ${tensor.describe()} does not require a gradient; set requiresGrad, or freeze its group`);
    if (tensor.dtype !== "f32") throw new UsageError(`${where}: parameter ${i} must be f32, got ${tensor.describe()}`);
    if (tensor.device !== tensors[0]!.tensor.device) throw new UsageError(`${where}: parameter ${i} ${tensor.describe()} lives on another device than parameter 0`);
  });
}
