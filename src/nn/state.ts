// Loading a module's state: everything is compared before anything is written.
import { CheckpointError } from "../errors.js";
import { formatShape, sameShape, sizeOf, type Shape } from "../shape.js";
import { isFloat, type DType } from "../tensor/dtype.js";
import { emptyLike, Tensor } from "../tensor/tensor.js";

/** Values on the host, as read from a file. Without `dtype`, a typed array says it; other arrays fit any. */
export interface HostValue {
  shape: Shape;
  data: ArrayLike<number>;
  dtype?: DType;
}

/** What `loadStateDict` takes for a tensor. */
export type StateValue = Tensor | HostValue;

/** What `loadStateDict` left out, where it was not strict. */
export interface LoadReport {
  /** Keys of the module that the state lacks. */
  missing: string[];
  /** Keys of the state that the module lacks. */
  unexpected: string[];
}

/** `registered` holds every name of every tensor: a tied one appears once for each of its names. */
export function loadState(
  registered: readonly { name: string; tensor: Tensor }[],
  state: Readonly<Record<string, StateValue>>,
  strict: boolean,
): LoadReport {
  if (typeof state !== "object" || state === null) throw new CheckpointError(`loadStateDict: the state must be an object, got ${state === null ? "null" : typeof state}`);
  const names = new Map<Tensor, string[]>();
  for (const { name, tensor } of registered) names.set(tensor, [...(names.get(tensor) ?? []), name]);
  const known = new Set(registered.map(({ name }) => name));
  const unexpected = Object.keys(state).filter((key) => !known.has(key));
  const missing: string[] = [];
  const misfits: string[] = [];
  const writes: { target: Tensor; value: StateValue }[] = [];
  for (const [target, aliases] of names) {
    const given = aliases.filter((name) => Object.hasOwn(state, name));
    if (given.length === 0) missing.push(aliases[0]!);
    const problems = given.map((name) => misfit(name, target, state[name]!)).filter((text) => text !== null);
    misfits.push(...problems);
    if (given.length === 0 || problems.length > 0) continue;
    const value = state[given[0]!]!;
    for (const other of given.slice(1)) if (differ(value, state[other]!)) misfits.push(`tied, but with different values: "${given[0]}" and "${other}"`);
    writes.push({ target, value });
  }
  const problems = [...misfits];
  if (strict) problems.push(...missing.map((key) => `missing: "${key}"`), ...unexpected.map((key) => `unexpected: "${key}"`));
  if (problems.length > 0) {
    throw new CheckpointError(
      [`loadStateDict: the state does not fit the model, got ${problems.length} difference${problems.length === 1 ? "" : "s"}; nothing was loaded`, ...problems.map((line) => `  - ${line}`)].join("\n"),
    );
  }
  for (const { target, value } of writes) write(target, value);
  return { missing, unexpected };
}

function misfit(name: string, target: Tensor, value: StateValue): string | null {
  if (typeof value !== "object" || value === null || !Array.isArray(value.shape)) return `value: "${name}" must be a tensor or { shape, data }, got ${value === null ? "null" : typeof value}`;
  if (!sameShape(value.shape, target.shape)) return `shape: "${name}" is ${formatShape(target.shape)} here, got ${formatShape(value.shape)}`;
  const dtype = dtypeOf(value);
  // Host values of f16 are numbers like those of f32: they are rounded on their way.
  const converts = !(value instanceof Tensor) && dtype !== null && isFloat(dtype) && isFloat(target.dtype);
  if (dtype !== null && dtype !== target.dtype && !converts) return `dtype: "${name}" is ${target.dtype} here, got ${dtype}`;
  if (value instanceof Tensor) {
    if (value.isDisposed) return `disposed: the tensor given for "${name}"`;
    return value.device === target.device ? null : `device: the tensor given for "${name}" lives on another one; pass its data()`;
  }
  return value.data.length === sizeOf(value.shape) ? null : `length: "${name}" needs ${sizeOf(value.shape)} values, got ${value.data.length}`;
}

function dtypeOf(value: StateValue): DType | null {
  if (value instanceof Tensor || value.dtype) return value.dtype!;
  if (value.data instanceof Float32Array) return "f32";
  if (value.data instanceof Int32Array) return "i32";
  return value.data instanceof Uint32Array ? "u32" : null;
}

/** Whether two values of one tied parameter are seen to differ. Tensors are not read back: the first one counts. */
function differ(a: StateValue, b: StateValue): boolean {
  if (a instanceof Tensor || b instanceof Tensor) return false;
  for (let i = 0; i < a.data.length; i++) if (!Object.is(a.data[i], b.data[i])) return true;
  return false;
}

function write(target: Tensor, value: StateValue): void {
  if (!(value instanceof Tensor)) {
    target.set(value.data);
  } else if (value.size > 0 && value !== target) {
    copyInto(target, value);
  }
}

function copyInto(target: Tensor, source: Tensor): void {
  const { queue } = target.device;
  if (source.memory !== target.memory) {
    queue.copy(source.buffer, target.buffer);
  } else {
    // Two tensors of one arena: WebGPU does not copy a buffer to itself.
    const scratch = emptyLike(target);
    queue.copy(source.buffer, scratch.buffer);
    queue.copy(scratch.buffer, target.buffer);
    scratch.dispose();
  }
  target.memory.version++;
}
