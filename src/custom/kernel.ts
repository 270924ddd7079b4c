// A user's own kernel: WGSL with the names of its bindings, launched over tensors.
import { UsageError } from "../errors.js";
import { launch } from "../gpu/launch.js";
import { reflect, type Binding, type Reflection, type Shader } from "../gpu/shader_source.js";
import { checkOptions } from "../options.js";
import { requireSameDevice, requireTensor } from "../ops/checks.js";
import type { Tensor } from "../tensor/tensor.js";

/** How a kernel is launched, besides the tensors that it works on. */
export interface LaunchOptions {
  /** A count of workgroups, or how many along x, y and z. Past 65,535 a count is folded into two dimensions: see `defineKernel`. */
  workgroups: number | readonly [number, number, number];
  /**
   * By the names of the fields of the kernel's `struct Params`, every one of them. A function is asked now, and again by
   * each replay of a captured step: for a learning rate and whatever else changes from step to step.
   */
  params?: Readonly<Record<string, number>> | (() => Record<string, number>);
  /** Values of the kernel's `override` constants: each set of values is a pipeline of its own, made once. */
  constants?: Readonly<Record<string, number | boolean>>;
}

/** A kernel as `defineKernel` makes it. It belongs to no device. */
export class Kernel {
  private readonly reflection: Reflection;

  /** Use `defineKernel`. */
  constructor(private readonly shader: Shader) {
    this.reflection = reflect(shader);
  }

  /** What errors and profiles call it. */
  get name(): string {
    return this.shader.name;
  }

  /**
   * Records one launch. It runs with the ops around it, in order; nothing is waited for.
   *
   * Shapes: tensors by the names of the bindings; the kernel sees their elements in row-major order, and knows no shapes.
   * Throws: ShaderError for a binding or a Params field that is missing or unknown, UsageError for tensors of two
   *         devices or one that is read and written at once, DisposedError. WGSL that does not compile is told by the
   *         next read, with the compiler's message and the kernel's name.
   */
  launch(tensors: Readonly<Record<string, Tensor>>, options: LaunchOptions): void {
    const where = `kernel ${this.name}`;
    checkOptions(where, options, ["workgroups", "params", "constants"]);
    for (const [name, tensor] of Object.entries(tensors)) requireTensor(where, name, tensor);
    const all = Object.values(tensors);
    if (all.length === 0) throw new UsageError(`${where}: no tensors given; it has the bindings ${this.bindings.map(({ name }) => name).join(", ")}`);
    requireSameDevice(where, ...all);
    const written = this.bindings.filter(({ kind, name }) => kind === "read_write" && tensors[name]).map(({ name }) => tensors[name]!);
    for (const tensor of written) {
      if (all.filter((other) => other.memory === tensor.memory).length > 1) throw new UsageError(`${where}: a tensor that it writes shares its memory with another of its bindings; give it memory of its own`);
    }
    const { workgroups, params = {}, constants = {} } = options;
    launch(all[0]!.device, this.shader, {
      buffers: Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.buffer])),
      ...(typeof params === "function" ? { varying: params } : { params }),
      constants,
      workgroups,
    });
    // A tape that saved what was overwritten must not be walked.
    for (const tensor of written) tensor.memory.version++;
  }

  private get bindings(): readonly Binding[] {
    return this.reflection.bindings.filter(({ name }) => name !== "params");
  }
}
