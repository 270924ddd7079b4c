// The first argument of an optimizer: tensors, or groups of them.
import { UsageError } from "../errors.js";
import { checkOptions } from "../options.js";
import { Tensor } from "../tensor/tensor.js";
import { checkAssigned } from "./arena.js";
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
      throw new UsageError(`${where}: a group is { params: [tensors], ... }, got ${describeEntry(group)}`);
    }
    checkOptions(where, group, ["params", ...keys]);
    const { params: tensors, ...own } = group;
    return { params: [...tensors], options: { ...defaults, ...withoutUndefined(own) } as O };
  });
  checkParameters(where, groups);
  return groups;
}

/** Short: an entry may hold a tensor, and that its device. */
function describeEntry(entry: unknown): string {
  if (entry instanceof Tensor) return "tensors and groups mixed";
  if (typeof entry !== "object" || entry === null) return String(entry);
  const params = (entry as { params?: unknown }).params;
  return params instanceof Tensor ? "params that are one tensor" : `params of type ${typeof params}`;
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
    if (tensor.grad) checkAssigned(where, i, tensor, tensor.grad);
  });
  checkApart(where, tensors.map(({ tensor }) => tensor));
}

/** Each parameter gets memory of its own: two that show the same would silently stop doing so. */
function checkApart(where: string, tensors: readonly Tensor[]): void {
  const memories = new Map([...new Set(tensors.map((tensor) => tensor.memory))].map((memory, i) => [memory, i]));
  const places = tensors.flatMap((tensor, i) => {
    const { buffer, offset_bytes: start, size_bytes } = tensor.buffer;
    return size_bytes > 0 ? [{ i, memory: memories.get(buffer)!, start, end: start + size_bytes }] : [];
  });
  places.sort((a, b) => a.memory - b.memory || a.start - b.start);
  places.slice(1).forEach((place, at) => {
    const before = places[at]!;
    if (place.memory !== before.memory || place.start >= before.end) return;
    const [first, second] = [Math.min(before.i, place.i), Math.max(before.i, place.i)];
    throw new UsageError(`${where}: parameter ${second} ${tensors[second]!.describe()} shares memory with parameter ${first}; pass one tensor, and use view() of it in the model`);
  });
}
