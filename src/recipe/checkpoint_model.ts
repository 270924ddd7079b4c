// The model that a checkpoint is of.
import { CheckpointError } from "../errors.js";
import { shorten } from "../io/safetensors.js";
import type { GPTOptions } from "../nn/index.js";
import type { Checkpoint } from "../train/index.js";

/**
 * What the checkpoint's model was made with; null where the file does not say. Sizes are held against the tensors in the file before
 * anything is built: of a forged number of layers, one would be allocated after the other until no memory is left.
 *
 * Throws: CheckpointError where they differ.
 */
export function modelOptionsOf({ state, model }: Checkpoint): Omit<GPTOptions, "seed" | "generator"> | null {
  const options = state.model as Partial<GPTOptions> | null | undefined;
  if (options === undefined) return null;
  if (typeof options !== "object" || options === null) throw new CheckpointError(`checkpoint: the settings of its model are no object, got ${typeof options}; use another copy of the file`);
  const extent = (name: string, axis: number) => (Object.hasOwn(model, name) ? model[name]!.shape[axis] : undefined);
  const blocks = Object.keys(model).flatMap((name) => /^transformer\.h\.(\d+)\./.exec(name)?.[1] ?? []);
  const { layers, vocab, block, width, mlpRatio = 4 } = options;
  const sizes: [name: string, said: unknown, found: number | undefined][] = [
    ["layers", layers, new Set(blocks).size],
    ["vocab", vocab, extent("transformer.wte.weight", 0)],
    ["block", block, extent("transformer.wpe.weight", 0)],
    ["width", width, extent("transformer.wte.weight", 1)],
    ["width * mlpRatio", Number(width) * Number(mlpRatio), extent("transformer.h.0.mlp.c_fc.weight", 0)],
  ];
  const wrong = sizes.filter(([, said, found]) => said !== found);
  if (wrong.length > 0) {
    const told = wrong.map(([name, said, found]) => `${name} ${shorten(said)} where the tensors have ${found ?? "none"}`);
    throw new CheckpointError(`checkpoint: the settings of its model do not fit its tensors, got ${told.join(", ")}; use another copy of the file`);
  }
  return options as Omit<GPTOptions, "seed" | "generator">;
}
