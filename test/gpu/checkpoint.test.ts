import { beforeAll, describe, expect, it } from "vitest";
import { CheckpointError } from "../../src/errors.js";
import type { Device } from "../../src/gpu/device.js";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile } from "../../src/io/safetensors.js";
import { GPT, type GPTOptions } from "../../src/nn/index.js";
import { AdamW, SGD } from "../../src/optim/index.js";
import { cosine, warmup } from "../../src/schedule/index.js";
import { checkpointVersion, decodeCheckpoint, encodeCheckpoint, restoreCheckpoint, train, type CheckpointState } from "../../src/train/index.js";
import { text } from "../../src/data/index.js";
import { toHalves } from "../../src/half.js";
import { testDevice } from "../support/device.js";

const source = "the quick brown fox jumps over the lazy dog. ".repeat(20);
const sizes: Omit<GPTOptions, "seed"> = { layers: 1, heads: 2, width: 16, block: 8, vocab: 28 };
const state: CheckpointState = { step: 3, model: sizes, data: { fingerprint: "x", position: { seed: 1, offset: 3 } }, bestValidationLoss: 1.5 };

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

function make(seed: number, changes: Partial<GPTOptions> = {}) {
  const model = new GPT(device, { ...sizes, ...changes, seed });
  const lr = warmup({ steps: 2, to: 1e-2 }).then(cosine({ steps: 8, to: 1e-3 }));
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr, clipNorm: 1 });
  return { model, optimizer };
}

/** A model after three steps, so that no moment is zero. */
async function trained(changes: Partial<GPTOptions> = {}) {
  const made = make(1, changes);
  await train({ device, ...made, data: text.characters(source, { block: 8, batch: 2 }), steps: 3 });
  return made;
}

async function bitsOf(model: GPT): Promise<Record<string, number[]>> {
  const entries = Object.entries(model.stateDict()).map(async ([name, tensor]) => [name, [...new Uint32Array((await tensor.data()).buffer)]] as [string, number[]]);
  return Object.fromEntries(await Promise.all(entries));
}

/** The same file with other metadata or tensors. */
function edited(bytes: Uint8Array, edit: (file: SafetensorsFile) => void): Uint8Array {
  const file = decodeSafetensors(bytes);
  edit(file);
  return encodeSafetensors(file);
}

describe("checkpoint", () => {
  it("brings back parameters, optimizer state and everything else, bit for bit", async () => {
    const before = await trained();
    const checkpoint = decodeCheckpoint(await encodeCheckpoint(before.model, before.optimizer, state));
    expect(checkpoint.state).toEqual(state);
    const after = make(2);
    expect(await bitsOf(after.model)).not.toEqual(await bitsOf(before.model));
    restoreCheckpoint(checkpoint, after.model, after.optimizer);
    expect(await bitsOf(after.model)).toEqual(await bitsOf(before.model));
    const saved = await after.optimizer.stateDict();
    expect(saved).toEqual(await before.optimizer.stateDict());
    expect(saved.step).toBe(3);
    expect(saved.moments.m!.some((moment) => moment.some((value) => value !== 0))).toBe(true);
  });

  it("reads from a Buffer that starts at an odd address", async () => {
    const { model } = await trained();
    const bytes = await encodeCheckpoint(model, null, state);
    const shifted = Buffer.concat([Buffer.alloc(3), Buffer.from(bytes)]).subarray(3);
    const other = make(2).model;
    restoreCheckpoint(decodeCheckpoint(shifted), other);
    expect(await bitsOf(other)).toEqual(await bitsOf(model));
  });

  it("is of the moment of the call, whatever is launched while it is read", async () => {
    const { model, optimizer } = await trained();
    const want = await encodeCheckpoint(model, optimizer, state);
    const pending = encodeCheckpoint(model, optimizer, state);
    for (const tensor of model.parameters()) tensor.set(new Float32Array(tensor.size).fill(7));
    expect(await pending).toEqual(want);
  });

  it("lists every difference of another model, and loads nothing", async () => {
    const before = await trained();
    const checkpoint = decodeCheckpoint(await encodeCheckpoint(before.model, before.optimizer, state));
    const after = make(2, { width: 32, layers: 2, bias: false });
    const [bits, optimizerState] = [await bitsOf(after.model), await after.optimizer.stateDict()];
    let message = "";
    try {
      restoreCheckpoint(checkpoint, after.model, after.optimizer);
    } catch (error) {
      expect(error).toBeInstanceOf(CheckpointError);
      message = (error as Error).message;
    }
    expect(message).toContain("checkpoint: it belongs to another model");
    expect(message).toContain("transformer.wte.weight: the model has f32[28, 32], got f32[28, 16]");
    expect(message).toContain("missing in the file: transformer.h.1.");
    expect(message).toContain("not in the model: transformer.h.0.ln_1.bias");
    expect(await bitsOf(after.model)).toEqual(bits);
    expect(await after.optimizer.stateDict()).toEqual(optimizerState);
  });

  it("loads nothing when only the optimizer differs", async () => {
    const before = await trained();
    const checkpoint = decodeCheckpoint(await encodeCheckpoint(before.model, before.optimizer, state));
    const { model, optimizer: unused } = make(2);
    unused.dispose();
    const sgd = new SGD(model.groups({ weightDecay: 0 }), { lr: 0.1 });
    const bits = await bitsOf(model);
    expect(() => restoreCheckpoint(checkpoint, model, sgd)).toThrow(CheckpointError);
    expect(await bitsOf(model)).toEqual(bits);
    const alone = decodeCheckpoint(await encodeCheckpoint(before.model, null, state));
    expect(() => restoreCheckpoint(alone, model, sgd)).toThrow(/no optimizer state, nothing was loaded/);
    expect(await bitsOf(model)).toEqual(bits);
  });

  it.each<[string, (file: SafetensorsFile) => void, RegExp]>([
    ["a later format", ({ metadata }) => metadata.set("format_version", "2"), new RegExp(`written in format version 2, this Kiln reads up to version ${checkpointVersion}`)],
    ["a format that is no number", ({ metadata }) => metadata.set("format_version", "one"), /the format version is no version, got "one"/],
    ["format 0", ({ metadata }) => metadata.set("format_version", "0"), /no version, got "0"/],
    ["another program's file", ({ metadata }) => metadata.delete("format"), /not one of Kiln's, got format "none"/],
    ["no state", ({ metadata }) => metadata.delete("state"), /no step count/],
    ["a negative step", ({ metadata }) => metadata.set("state", '{"step":-1}'), /no step count, got -1/],
    ["a state that is cut off", ({ metadata }) => metadata.set("state", '{"step":'), /metadata "state" is not a JSON object/],
    ["a state that is a list", ({ metadata }) => metadata.set("state", "[]"), /metadata "state" is not a JSON object/],
    ["a double-precision tensor", ({ tensors }) => tensors.set("model.x", { dtype: "F64", shape: [2], data: new Uint8Array(16) }), /"model.x" has dtype F64, .* use F32, F16, BF16, I32, U32/],
    ["an optimizer without moments", ({ metadata }) => metadata.set("optimizer", "{}"), /names no moments/],
  ])("refuses %s", async (_, edit, message) => {
    const { model, optimizer } = make(1);
    const bytes = await encodeCheckpoint(model, optimizer, state);
    expect(() => decodeCheckpoint(bytes)).not.toThrow();
    expect(() => decodeCheckpoint(edited(bytes, edit))).toThrow(message);
    expect(() => decodeCheckpoint(edited(bytes, edit))).toThrow(CheckpointError);
  });

  it("reads halves and bfloats into an f32 model: files of other programs", async () => {
    const { model } = make(1);
    const [name, tensor] = Object.entries(model.stateDict())[0]!;
    const values = Float32Array.from({ length: tensor.size }, (_, i) => (i % 64) / 8 - 4);
    const bits = { F16: toHalves(values), BF16: Uint16Array.from(new Uint32Array(values.buffer), (word) => word >>> 16) };
    for (const dtype of ["F16", "BF16"] as const) {
      const bytes = edited(await encodeCheckpoint(model, null, state), ({ tensors }) =>
        tensors.set(`model.${name}`, { dtype, shape: tensor.shape, data: new Uint8Array(bits[dtype].buffer) }),
      );
      tensor.set(new Float32Array(tensor.size));
      restoreCheckpoint(decodeCheckpoint(bytes), model);
      expect(await tensor.data()).toEqual(values);
    }
    model.dispose();
  });

  it("refuses an optimizer state with a moment missing", async () => {
    const { model, optimizer } = make(1);
    const bytes = edited(await encodeCheckpoint(model, optimizer, state), ({ tensors }) => tensors.delete("optimizer.v.1"));
    expect(() => restoreCheckpoint(decodeCheckpoint(bytes), model, optimizer)).toThrow(CheckpointError);
  });
});
