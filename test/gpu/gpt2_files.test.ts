// GPT-2's weights from files of other programs, and for them.
import { safetensors as jaxSafetensors } from "@jax-js/loaders";
import { beforeAll, describe, expect, it } from "vitest";
import { CheckpointError, UsageError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { GPT, gpt2FromSafetensors, gpt2ToSafetensors } from "../../src/nn/index.js";
import { fromArray } from "../../src/ops/index.js";
import { testDevice } from "../support/device.js";
import { drawBatch, drawParameters, parameterShapes, runReference, type ReferenceConfig, type Values } from "../support/gpt_reference.js";
import { roundToHalf } from "../support/nd.js";
import { compare } from "../support/tolerances.js";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

const config: ReferenceConfig = { layers: 2, heads: 3, width: 12, block: 7, vocab: 11, tied: true, activation: "gelu_tanh", norm: "pre" };
const isConv1d = (name: string) => /\.(c_attn|c_proj|c_fc)\.weight$/.test(name);

interface Written {
  name: string;
  shape: number[];
  values: ArrayLike<number>;
}

/** A safetensors writer of the test's own, after the format's text. */
function fileOf(tensors: readonly Written[], dtype: "F32" | "F16" | "BF16" = "F32"): Uint8Array {
  const width = dtype === "F32" ? 4 : 2;
  let at = 0;
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  for (const { name, shape, values } of tensors) header[name] = { dtype, shape, data_offsets: [at, (at += width * values.length)] };
  let text = JSON.stringify(header);
  text += " ".repeat((8 - (text.length % 8)) % 8);
  const file = new Uint8Array(8 + text.length + at);
  const view = new DataView(file.buffer);
  view.setBigUint64(0, BigInt(text.length), true);
  file.set(new TextEncoder().encode(text), 8);
  let offset = 8 + text.length;
  for (const { values } of tensors) {
    for (let i = 0; i < values.length; i++, offset += width) {
      if (dtype === "F32") view.setFloat32(offset, values[i]!, true);
      else view.setUint16(offset, dtype === "F16" ? halfBits(values[i]!) : bfloatBits(values[i]!), true);
    }
  }
  return file;
}

const bitsOf = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0]!;
const bfloatBits = (value: number) => bitsOf(value) >>> 16;
const bfloat = (value: number) => new Float32Array(Uint32Array.of(bfloatBits(value) << 16).buffer)[0]!;

/** Of a number that a half holds exactly, and that is not subnormal. */
function halfBits(value: number): number {
  const bits = bitsOf(value);
  if ((bits & 0x7fffffff) === 0) return bits >>> 16;
  return ((bits >>> 16) & 0x8000) | ((((bits >>> 23) & 0xff) - 112) << 10) | ((bits >>> 13) & 0x3ff);
}

function transposed(values: ArrayLike<number>, [rows, cols]: readonly [number, number]): number[] {
  return Array.from({ length: rows * cols }, (_, i) => values[(i % rows) * cols + Math.floor(i / rows)]!);
}

/** As transformers keeps them: no "transformer." (that of the base model), Conv1D matrices, causal masks. */
function huggingFace(parameters: Values, shapes: readonly [string, number[]][]): Written[] {
  const tensors = shapes.map(([name, shape]): Written => {
    const values = parameters.get(name)!;
    const short = name.replace("transformer.", "");
    return isConv1d(name) ? { name: short, shape: [...shape].reverse(), values: transposed(values, shape as [number, number]) } : { name: short, shape, values };
  });
  const masks = [0, 1].flatMap((layer) => [
    { name: `h.${layer}.attn.bias`, shape: [1, 1, 7, 7], values: new Float32Array(49) },
    { name: `h.${layer}.attn.masked_bias`, shape: [], values: [-1e4] },
  ]);
  return [...tensors, ...masks];
}

async function logitsOf(model: GPT, tokens: Int32Array): Promise<Float32Array> {
  const input = fromArray(device, tokens, { shape: [2, 7], dtype: "i32" });
  const logits = model.inEvalMode(() => model.forward(input));
  const values = (await logits.data()) as Float32Array;
  input.dispose();
  logits.dispose();
  return values;
}

describe("gpt2FromSafetensors", () => {
  const shapes = parameterShapes(config);
  const batch = drawBatch(config, 2, 7, 5);

  it.each([
    ["F32", (value: number) => value],
    ["F16", (value: number) => (Math.abs(roundToHalf(value)) < 2 ** -14 ? 0 : roundToHalf(value))],
    ["BF16", bfloat],
  ] as const)("computes what a float64 GPT-2 computes, from a file in %s with Conv1D matrices and masks", async (dtype, round) => {
    const parameters: Values = new Map([...drawParameters(config, 9)].map(([name, values]) => [name, values.map(round)]));
    const model = gpt2FromSafetensors(device, fileOf(huggingFace(parameters, shapes), dtype), { heads: 3 });
    expect(model.config).toMatchObject({ layers: 2, heads: 3, width: 12, block: 7, vocab: 11, tied: true, bias: true, activation: "gelu_tanh" });
    const { worst, message } = compare(await logitsOf(model, batch.tokens), runReference(config, parameters, batch).logits, "model");
    expect(worst, message).toBeLessThanOrEqual(1);
    model.dispose();
  });

  it("takes nanoGPT's layout, prefixes, and a head of its own or the same one twice", async () => {
    const parameters = drawParameters(config, 4);
    const plain = shapes.map(([name, shape]): Written => ({ name, shape, values: parameters.get(name)! }));
    const embedding = plain[0]!;
    const head = (values: ArrayLike<number>) => ({ name: "lm_head.weight", shape: embedding.shape, values });
    const tied = gpt2FromSafetensors(device, fileOf([...plain, head(embedding.values)]), { heads: 3 });
    expect(tied.config.tied).toBe(true);
    const same = gpt2FromSafetensors(device, fileOf(plain), { heads: 3 });
    expect(await logitsOf(tied, batch.tokens)).toEqual(await logitsOf(same, batch.tokens));
    const untied = gpt2FromSafetensors(device, fileOf([...plain, head(Array.from(embedding.values, (value) => -value))]), { heads: 3 });
    expect(untied.config.tied).toBe(false);
    expect(await logitsOf(untied, batch.tokens)).toEqual((await logitsOf(same, batch.tokens)).map((value) => -value));
    for (const model of [tied, same, untied]) model.dispose();
  });

  it("goes out as it came in, readable by another program, and by itself in f16", async () => {
    const parameters = drawParameters(config, 6);
    const given = huggingFace(parameters, shapes);
    const model = gpt2FromSafetensors(device, fileOf(given), { heads: 3 });
    const { tensors, metadata } = jaxSafetensors.parse(await gpt2ToSafetensors(model)) as unknown as { tensors: Record<string, { shape: number[]; data: Float32Array }>; metadata?: Record<string, string> };
    expect(metadata).toEqual({ format: "pt" });
    const written = given.filter(({ name }) => !/\.attn\.(bias|masked_bias)$/.test(name));
    expect(Object.keys(tensors).sort()).toEqual(written.map(({ name }) => `transformer.${name}`).sort());
    for (const { name, shape, values } of written) {
      const found = tensors[`transformer.${name}`]!;
      expect(found.shape, name).toEqual(shape);
      expect([...found.data], name).toEqual([...Array.from(values)]);
    }
    const half = gpt2FromSafetensors(device, await gpt2ToSafetensors(model, { dtype: "f16" }), { heads: 3 });
    expect(compare(await logitsOf(half, batch.tokens), await logitsOf(model, batch.tokens), "autocast").worst).toBeLessThanOrEqual(1);
    model.dispose();
    half.dispose();
  });

  it("refuses what is no GPT-2, and leaves no memory", async () => {
    const { liveBytes } = device.memory();
    const parameters = drawParameters(config, 6);
    const given = huggingFace(parameters, shapes);
    const bad: [string, Uint8Array, RegExp][] = [
      ["another model", fileOf([{ name: "conv.weight", shape: [1], values: [1] }]), /no matrices wte\.weight and wpe\.weight, got conv\.weight/],
      ["a tensor missing", fileOf(given.filter(({ name }) => name !== "h.1.ln_2.bias")), /missing: "transformer\.h\.1\.ln_2\.bias"/],
      ["one too many", fileOf([...given, { name: "h.0.extra", shape: [1], values: [1] }]), /unexpected: "transformer\.h\.0\.extra"/],
      ["a wrong shape", fileOf(given.map((tensor) => (tensor.name === "ln_f.weight" ? { ...tensor, shape: [3, 4] } : tensor))), /"transformer\.ln_f\.weight"/],
    ];
    for (const [what, file, message] of bad) {
      expect(() => gpt2FromSafetensors(device, file, { heads: 3 }), what).toThrow(CheckpointError);
      expect(() => gpt2FromSafetensors(device, file, { heads: 3 }), what).toThrow(message);
    }
    expect(() => gpt2FromSafetensors(device, fileOf(given), { heads: 5 })).toThrow(UsageError);
    expect(() => gpt2FromSafetensors(device, fileOf(given))).toThrow("heads");
    const other = new GPT(device, { layers: 1, heads: 1, width: 8, block: 4, vocab: 5, seed: 1 });
    await expect(gpt2ToSafetensors(other)).rejects.toThrow("got pre layer norms, bias true, gelu, ratio 4");
    other.dispose();
    expect(device.memory().liveBytes).toBe(liveBytes);
  });
});
