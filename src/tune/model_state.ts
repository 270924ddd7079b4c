// What a loss may change besides the optimizer's parameters, kept to be put back.
import type { Module } from "../nn/index.js";
import { Generator, type RandomState } from "../tensor/random.js";
import { keep } from "../tensor/scope.js";
import { empty, type Tensor } from "../tensor/tensor.js";

/** Generator keys set aside for a batch: far more than a model draws in one forward pass. */
const drawsPerBatch = 65536;

/** Buffers, training modes, generators, and parameters that the optimizer does not have. */
export class ModelState {
  private readonly modes: readonly { module: Module; training: boolean }[];
  private readonly generators: readonly { generator: Generator; state: RandomState }[];
  /** They get no gradient meanwhile: nothing would put it back. */
  private readonly outsiders: readonly Tensor[];
  private readonly buffers: { live: Tensor; copy: Tensor }[] = [];

  /** `trained` are the optimizer's parameters. */
  constructor(model: Module | null, generators: readonly Generator[], trained: readonly Tensor[]) {
    const modules = model?.modules() ?? [];
    this.modes = modules.map((module) => ({ module, training: module.training }));
    const held = modules.flatMap((module) => Object.values(module).filter((value) => value instanceof Generator));
    this.generators = [...new Set([...generators, ...held])].map((generator) => ({ generator, state: generator.stateDict() }));
    const known = new Set(trained);
    this.outsiders = (model?.parameters() ?? []).filter((tensor) => !known.has(tensor) && tensor.requiresGrad);
    try {
      for (const live of model?.namedBuffers().values() ?? []) {
        if (live.isDisposed) continue;
        const copy = keep(empty(live.device, live.shape, live.dtype, "tune buffers"));
        this.buffers.push({ live, copy });
        copyInto(live, copy);
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
    for (const tensor of this.outsiders) tensor.requiresGrad = false;
  }

  /** Makes the next evaluation of `batch` draw the same random numbers as every other one. */
  seed(batch: number): void {
    for (const { generator, state } of this.generators) {
      generator.loadStateDict({ seed: state.seed, offset: (state.offset + batch * drawsPerBatch) % 2 ** 32 });
    }
  }

  restoreBuffers(): void {
    for (const { live, copy } of this.buffers) if (!live.isDisposed) copyInto(copy, live);
  }

  restore(): void {
    this.restoreBuffers();
    // A parent sets its children's mode too, and comes before them.
    for (const { module, training } of this.modes) module.train(training);
    for (const { generator, state } of this.generators) generator.loadStateDict(state);
  }

  /** Ends the probing: the others want gradients again. */
  dispose(): void {
    for (const tensor of this.outsiders) if (!tensor.isDisposed) tensor.requiresGrad = true;
    for (const { copy } of this.buffers) copy.dispose();
  }
}

function copyInto(source: Tensor, target: Tensor): void {
  if (source.size > 0) source.device.queue.copy(source.buffer, target.buffer);
  target.memory.version++;
}
