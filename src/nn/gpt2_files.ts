// GPT-2's weights in safetensors as Hugging Face's transformers keeps them, in and out.
import { CheckpointError, UsageError } from "../errors.js";
import type { Device } from "../gpu/device.js";
import { entryOf, readElements, readableDTypes } from "../io/elements.js";
import { decodeSafetensors, encodeSafetensors, type SafetensorsEntry } from "../io/safetensors.js";
import { checkNumber, checkOptions } from "../options.js";
import { GPT } from "./gpt.js";

/** Options of `gpt2FromSafetensors`. */
export interface Gpt2Options {
  /** Attention heads, which the file does not tell: "n_head" of its config.json. By default width / 64, as in all of OpenAI's models. */
  heads?: number;
  /** For fine-tuning; 0 by default. */
  dropout?: number;
  /** Of dropout masks; 0 by default. */
  seed?: number;
}

type Matrix = { shape: readonly number[]; data: Float32Array };

/** Layers that transformers keeps as Conv1D, [inputs, outputs]: the transpose of a Linear. */
const conv1d = /\.(c_attn|c_proj|c_fc)\.weight$/;
/** Causal masks and their value, which older files carry. */
const masks = /^h\.\d+\.attn\.(bias|masked_bias)$/;
const head = "lm_head.weight";

/**
 * A GPT with the weights of a GPT-2 in safetensors: Hugging Face's layout, or nanoGPT's, whose matrices lie the other way. Layers, width, block,
 * vocabulary and whether there are biases and a head of its own are read off the tensors.
 *
 * Shapes: wte.weight [vocab, width], wpe.weight [block, width], h.N.attn.c_attn.weight [width, 3 width] and so on, with or
 *         without "transformer." before the names.
 * Range:  f32, f16 and bf16, computed in f32. The activation is GPT-2's, gelu_tanh.
 * Throws: CheckpointError for a malformed file, one without these tensors, or with others; UsageError for options out of range.
 * Source: Radford et al. 2019; the names are those of transformers' GPT2LMHeadModel.
 */
export function gpt2FromSafetensors(device: Device, bytes: Uint8Array, options: Gpt2Options = {}): GPT {
  checkOptions("gpt2FromSafetensors", options, ["heads", "dropout", "seed"]);
  const tensors = readMatrices(bytes);
  const { width, block, vocab, layers } = sizesOf(tensors);
  const heads = checkNumber("gpt2FromSafetensors", "heads", options.heads ?? width / 64, { min: 1, integer: true });
  if (width % heads !== 0) throw new UsageError(`gpt2FromSafetensors: the width must be a multiple of heads, got width ${width} and ${heads} heads; see n_head in the model's config.json`);
  unpackConv1d(tensors, width);
  const own = tensors.get(head);
  const tied = own === undefined || isEqual(own, tensors.get("wte.weight")!);
  if (tied) tensors.delete(head);
  const bias = tensors.has("ln_f.bias");
  const { dropout = 0, seed = 0 } = options;
  const model = new GPT(device, { layers, heads, width, block, vocab, bias, tied, dropout, seed, activation: "gelu_tanh" });
  try {
    model.loadStateDict(Object.fromEntries([...tensors].map(([name, { shape, data }]) => [name === head ? name : `transformer.${name}`, { shape, dtype: "f32" as const, data }])));
  } catch (error) {
    model.dispose();
    throw new CheckpointError(`gpt2FromSafetensors: not the tensors of a GPT-2, ${(error as Error).message}`, { cause: error });
  }
  return model;
}

/**
 * The model's weights in a file that transformers' GPT2LMHeadModel.from_pretrained reads, beside a config.json with n_layer, n_head,
 * n_embd, n_positions and vocab_size.
 *
 * Range:  dtype "f32" (the default) or "f16".
 * Throws: UsageError for a model that GPT-2 is not: other activations, norms, or no biases.
 */
export async function gpt2ToSafetensors(model: GPT, { dtype = "f32" }: { dtype?: "f32" | "f16" } = {}): Promise<Uint8Array<ArrayBuffer>> {
  const { activation, norm, normType, bias, mlpRatio } = model.config;
  const differs = activation !== "gelu_tanh" || norm !== "pre" || normType !== "layer" || !bias || mlpRatio !== 4;
  if (differs) {
    throw new UsageError(
      `gpt2ToSafetensors: GPT-2 has pre layer norms, biases, gelu_tanh and MLPs of 4 times the width, got ${norm} ${normType} norms, bias ${bias}, ${activation}, ratio ${mlpRatio}; save it with encodeCheckpoint()`,
    );
  }
  const entries = Object.entries(model.stateDict()).map(async ([name, tensor]): Promise<[string, SafetensorsEntry]> => {
    const matrix = { shape: tensor.shape, data: (await tensor.data()) as Float32Array };
    const { shape, data } = conv1d.test(name) ? transposed(matrix) : matrix;
    return [name, entryOf(shape, { dtype, data })];
  });
  // transformers refuses a file that does not say which framework its layout is of.
  return encodeSafetensors({ tensors: new Map(await Promise.all(entries)), metadata: new Map([["format", "pt"]]) });
}

function readMatrices(bytes: Uint8Array): Map<string, Matrix> {
  const tensors = new Map<string, Matrix>();
  for (const [fullName, entry] of decodeSafetensors(bytes).tensors) {
    const name = fullName.replace(/^transformer\./, "");
    if (masks.test(name)) continue;
    const elements = readElements(entry);
    if (!elements || !(elements.data instanceof Float32Array)) throw new CheckpointError(`gpt2FromSafetensors: "${fullName}" has dtype ${entry.dtype}; use F32, F16 or BF16 (of ${readableDTypes})`);
    tensors.set(name, { shape: entry.shape, data: elements.data });
  }
  return tensors;
}

function sizesOf(tensors: ReadonlyMap<string, Matrix>): { width: number; block: number; vocab: number; layers: number } {
  const [tokens, positions] = ["wte.weight", "wpe.weight"].map((name) => tensors.get(name)?.shape);
  if (tokens?.length !== 2 || positions?.length !== 2) {
    throw new CheckpointError(`gpt2FromSafetensors: no matrices wte.weight and wpe.weight, got ${[...tensors.keys()].slice(0, 4).join(", ") || "no tensors"}; use the model.safetensors of a GPT-2`);
  }
  const layers = new Set([...tensors.keys()].flatMap((name) => /^h\.(\d+)\./.exec(name)?.[1] ?? [])).size;
  return { vocab: tokens[0]!, width: tokens[1]!, block: positions[0]!, layers };
}

/** The first layer's queries, keys and values tell which way all matrices lie: their matrix is not square. */
function unpackConv1d(tensors: Map<string, Matrix>, width: number): void {
  const first = tensors.get("h.0.attn.c_attn.weight")?.shape;
  if (first?.[0] !== width || first[1] !== 3 * width) return;
  for (const [name, matrix] of tensors) if (conv1d.test(name) && matrix.shape.length === 2) tensors.set(name, transposed(matrix));
}

function transposed({ shape, data }: Matrix): Matrix {
  const [rows, cols] = shape as [number, number];
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) for (let col = 0; col < cols; col++) result[col * rows + row] = data[row * cols + col]!;
  return { shape: [cols, rows], data: result };
}

function isEqual(a: Matrix, b: Matrix): boolean {
  return a.data.length === b.data.length && a.data.every((value, i) => Object.is(value, b.data[i]));
}
