// What every module has: named parameters, buffers and children, a mode, and a state that loads all or nothing.
import { UsageError } from "../errors.js";
import { checkNumber, checkOptions } from "../options.js";
import type { Device } from "../gpu/device.js";
import { sizeOf, type Shape } from "../shape.js";
import type { Generator } from "../tensor/random.js";
import { keep } from "../tensor/scope.js";
import { empty, type Tensor } from "../tensor/tensor.js";
import { setting, settingChanges } from "../tensor/tracker.js";
import { fromArray } from "../ops/index.js";
import type { Initializer } from "./init.js";
import { loadState, type LoadReport, type StateValue } from "./state.js";

/** Parameters that share a weight decay, as an optimizer takes them. */
export interface ParameterGroup {
  params: Tensor[];
  weightDecay: number;
}

interface Registered {
  name: string;
  tensor: Tensor;
}

/**
 * The base of models and layers. A subclass registers its tensors and children under names without dots; the names of
 * nested ones are joined with dots, as PyTorch writes them. A tensor registered in several places (a tied weight) is
 * one parameter, known by its first name.
 */
export abstract class Module {
  private readonly ownParameters = new Map<string, Tensor>();
  private readonly ownBuffers = new Map<string, Tensor>();
  private readonly children = new Map<string, Module>();
  private mode = true;

  /** Whether dropout drops and batch norm uses the batch's statistics. True until `eval()`. */
  get training(): boolean {
    return setting(this, () => this.mode);
  }

  /** Sets the mode of this module and all its children. */
  train(mode = true): this {
    settingChanges(this);
    this.mode = mode;
    for (const child of this.children.values()) child.train(mode);
    return this;
  }

  /** The same as `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /** Runs `fn` with every module of this tree in eval mode, then gives each its own mode back. */
  inEvalMode<T>(fn: () => T): T {
    const modules = this.modules();
    const modes = modules.map((module) => module.mode);
    this.eval();
    try {
      return fn();
    } finally {
      modules.forEach((module, i) => (module.mode = modes[i]!));
    }
  }

  /** This module and all below it, in order of registration. */
  modules(): Module[] {
    return [this, ...[...this.children.values()].flatMap((child) => child.modules())];
  }

  /** Every tensor that training changes, once each. */
  parameters(): Tensor[] {
    return [...this.namedParameters().values()];
  }

  /** By dotted name, in order of registration. A tied parameter stands under its first name only. */
  namedParameters(): Map<string, Tensor> {
    return firstNames(this.walk("", (module) => module.ownParameters));
  }

  /** State that is not trained, such as running statistics. */
  namedBuffers(): Map<string, Tensor> {
    return firstNames(this.walk("", (module) => module.ownBuffers));
  }

  parameterCount(): number {
    return this.parameters().reduce((total, parameter) => total + parameter.size, 0);
  }

  /**
   * Parameter groups for an optimizer: weights of two or more dimensions decay, biases and norms do not. A group
   * without parameters is left out.
   */
  groups(options: { weightDecay: number }): ParameterGroup[] {
    checkOptions("groups", options, ["weightDecay"]);
    const weightDecay = checkNumber("groups", "weightDecay", options.weightDecay, { min: 0 });
    const parameters = this.parameters();
    return [
      { params: parameters.filter(({ rank }) => rank >= 2), weightDecay },
      { params: parameters.filter(({ rank }) => rank < 2), weightDecay: 0 },
    ].filter(({ params }) => params.length > 0);
  }

  /** Parameters and buffers by name: the tensors themselves, not copies. */
  stateDict(): Record<string, Tensor> {
    return Object.fromEntries([...this.namedParameters(), ...this.namedBuffers()]);
  }

  /**
   * Copies `state` into the parameters and buffers. A tied parameter may come under any of its names.
   *
   * Range:  strict true by default; false accepts missing and unexpected keys, which the result lists.
   * Throws: CheckpointError that lists every missing, unexpected and misfitting key. Nothing is loaded then.
   */
  loadStateDict(state: Readonly<Record<string, StateValue>>, options: { strict?: boolean } = {}): LoadReport {
    checkOptions("loadStateDict", options, ["strict"]);
    const named = [...this.walk("", (module) => module.ownParameters), ...this.walk("", (module) => module.ownBuffers)];
    return loadState(named, state, options.strict ?? true);
  }

  /** Gives back the memory of all parameters and buffers. */
  dispose(): void {
    for (const tensor of Object.values(this.stateDict())) tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Makes `tensor` a parameter of this module: it lives until `dispose()` and wants a gradient. */
  protected registerParameter(name: string, tensor: Tensor): Tensor {
    this.checkName(name);
    if (tensor.node) throw new UsageError(`${this.constructor.name}: a parameter is a leaf, got "${name}" computed by ${tensor.node.op}; use detach()`);
    tensor.setRequiresGrad();
    this.ownParameters.set(name, keep(tensor));
    return tensor;
  }

  /** Makes `tensor` part of the state without training it. It lives until `dispose()`. */
  protected registerBuffer(name: string, tensor: Tensor): Tensor {
    this.checkName(name);
    this.ownBuffers.set(name, keep(tensor));
    return tensor;
  }

  /** Makes `module` a child. */
  protected registerModule<M extends Module>(name: string, module: M): M {
    this.checkName(name);
    if (module.modules().includes(this)) throw new UsageError(`${this.constructor.name}: a module cannot be inside itself, got "${name}"`);
    this.children.set(name, module);
    return module;
  }

  private checkName(name: string): void {
    if (!/^[^.\s]+$/.test(name)) throw new UsageError(`${this.constructor.name}: a name has no dots or spaces, got "${name}"`);
    if (this.ownParameters.has(name) || this.ownBuffers.has(name) || this.children.has(name)) {
      throw new UsageError(`${this.constructor.name}: the name "${name}" is registered already`);
    }
  }

  private walk(prefix: string, tensorsOf: (module: Module) => ReadonlyMap<string, Tensor>): Registered[] {
    const own = [...tensorsOf(this)].map(([name, tensor]) => ({ name: prefix + name, tensor }));
    return [...own, ...[...this.children].flatMap(([name, child]) => child.walk(`${prefix}${name}.`, tensorsOf))];
  }
}

/** A module from one tensor to one tensor: what `Sequential` chains. */
export abstract class Layer extends Module {
  abstract forward(x: Tensor): Tensor;
}

/** Modules under names of one's own: `{ wte, h }`, or a list under "0", "1", ... */
export class ModuleMap extends Module {
  constructor(modules: Readonly<Record<string, Module>> | readonly Module[]) {
    super();
    for (const [name, module] of Object.entries(modules)) this.registerModule(name, module);
  }
}

/** A new parameter's tensor. */
export function drawParameter(device: Device, shape: Shape, initializer: Initializer, generator: Generator): Tensor {
  if (device.isDry) return empty(device, shape, "f32", "parameter").setRequiresGrad();
  const values = initializer(shape, generator);
  if (values.length !== sizeOf(shape)) {
    throw new UsageError(`init: an initializer must give ${sizeOf(shape)} values for [${shape.join(", ")}], got ${values.length}`);
  }
  return fromArray(device, values, { shape, requiresGrad: true });
}

function firstNames(registered: readonly Registered[]): Map<string, Tensor> {
  const seen = new Set<Tensor>();
  const named = new Map<string, Tensor>();
  for (const { name, tensor } of registered) {
    if (!seen.has(tensor)) named.set(name, tensor);
    seen.add(tensor);
  }
  return named;
}
