// What the rows of the fault table run inside a page. Each gives what it saw; the test says what it should have been.
import { csvText, decodeText, text } from "../../src/data/index.js";
import { CheckpointError } from "../../src/errors.js";
import { Device, deviceFrom } from "../../src/gpu/device.js";
import { launch } from "../../src/gpu/launch.js";
import { openDevice } from "../../src/gpu/open_device.js";
import { GPT } from "../../src/nn/index.js";
import { fromArray, mul, sum, zeros } from "../../src/ops/index.js";
import { AdamW } from "../../src/optim/index.js";
import { cosine, warmup } from "../../src/schedule/index.js";
import { Generator } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { decodeCheckpoint, encodeCheckpoint, restoreCheckpoint, train, type TrainOptions } from "../../src/train/index.js";
import { extremeActivations, extremeLogits, keptNaNs } from "../support/extreme_values.js";
import { hostileCheckpoints, hostileSafetensors, mutated } from "../support/hostile_files.js";
import { testRandom } from "../support/nd.js";

const source = "the quick brown fox jumps over the lazy dog. ".repeat(40);

/** "ShapeError: ...", or that nothing was thrown. */
async function told(run: () => unknown): Promise<string> {
  try {
    await run();
    return "nothing was thrown";
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

async function withDevice<T>(use: (device: Device) => Promise<T>): Promise<T> {
  const device = await openDevice();
  try {
    return await use(device);
  } finally {
    device.close();
  }
}

async function adapter(): Promise<GPUAdapter> {
  const found = await navigator.gpu.requestAdapter();
  if (!found) throw new Error("no adapter");
  return found;
}

const lr = warmup({ steps: 5, to: 1e-2 }).then(cosine({ steps: 15, to: 1e-3 }));

/** A run of twenty steps with dropout and clipping, or the rest of one from a checkpoint. */
function makeRun(device: Device, seed = 1, checkpoint: Uint8Array | null = null) {
  const copy = checkpoint && decodeCheckpoint(checkpoint);
  const data = text.characters(source, { block: 8, batch: 4, seed });
  const generator = new Generator(seed);
  const model = new GPT(device, { layers: 1, heads: 2, width: 16, block: 8, vocab: data.vocab.size, dropout: 0.1, generator });
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr, clipNorm: 1 });
  if (copy) {
    restoreCheckpoint(copy, model, optimizer);
    generator.loadStateDict(copy.state.generators!.model!);
    data.loadStateDict(copy.state.data!.position);
  }
  const losses: number[] = [];
  const steps = async (until: number, changes: Partial<TrainOptions> = {}) =>
    train({ device, model, optimizer, data, steps: until, startStep: copy?.state.step ?? 0, onStep: ({ loss }) => losses.push(loss), ...changes });
  const bits = () => Promise.all(model.parameters().map(async (parameter) => [...new Uint32Array((await parameter.data()).slice().buffer)]));
  const save = (step: number) => encodeCheckpoint(model, optimizer, { step, data: { fingerprint: data.fingerprint, position: data.stateDict() }, generators: { model: generator.stateDict() } });
  const dispose = () => (optimizer.dispose(), model.dispose());
  return { model, optimizer, losses, steps, bits, save, dispose };
}

const tests = {
  async closed() {
    const device = await openDevice();
    const x = fromArray(device, [1, 2, 3]);
    const pending = told(() => mul(x, 2).data());
    device.close();
    return [await pending, await told(() => mul(x, 2)), await told(() => x.data()), await told(() => device.sync())];
  },
  async destroyed() {
    const device = await openDevice();
    const x = fromArray(device, [1, 2, 3]);
    const pending = told(() => mul(x, 2).data());
    device.gpu.destroy();
    const result = [await pending, await told(() => mul(x, 2)), await told(() => device.sync())];
    device.close();
    return result;
  },
  async endless() {
    const device = await openDevice();
    const y = zeros(device, [1]);
    await device.sync();
    device.timeout_ms = 1500;
    const code = "@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(1)\nfn main() { loop { if (y[0] > 1.0) { break; } y[0] = y[0] * 0.5 + 0.25; } }";
    launch(device, { name: "endless", code }, { buffers: { y: y.buffer }, workgroups: 1 });
    const started = performance.now();
    const error = await told(() => y.data());
    const waited_ms = performance.now() - started;
    const later = await told(() => device.sync());
    device.close();
    return { error, later, waited_ms };
  },
  /** The browser's own error, at the third buffer from now on. */
  async outOfMemory() {
    const device = await deviceFrom(await adapter());
    const kept = fromArray(device, [1, 2, 3]);
    const create = device.gpu.createBuffer.bind(device.gpu);
    let left = 2;
    device.gpu.createBuffer = (descriptor) => {
      if (left-- > 0) return create(descriptor);
      device.gpu.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error: new GPUOutOfMemoryError(`a buffer of ${descriptor.size} bytes`) }));
      return create({ ...descriptor, size: 16 });
    };
    const big = [1, 2, 3].map(() => zeros(device, [1 << 18]));
    const error = await told(() => kept.data());
    left = Infinity;
    for (const tensor of big) tensor.dispose();
    const values = [...(await kept.data())];
    const again = await scope(() => sum(zeros(device, [1 << 18]))).item();
    device.close();
    return { error, values, again };
  },
  async overTheLimit() {
    const found = await adapter();
    const device = new Device(await found.requestDevice(), found, { maxTensorBytes: 4096 });
    const { created } = device.pool;
    const error = await told(() => zeros(device, [1025]));
    const buffers = device.pool.created - created;
    const largest = (await zeros(device, [1024]).data()).length;
    device.close();
    return { error, buffers, largest };
  },
  manyWorkgroups: () =>
    withDevice(async (device) => {
      const size = 65_535 * 64 + 1;
      const x = Float32Array.from({ length: size }, (_, i) => (i % 251) - 125);
      const data = await scope(() => mul(fromArray(device, x), 3)).data();
      return { size: data.length, wrong: x.reduce((count, value, i) => count + (data[i] === 3 * value ? 0 : 1), 0) };
    }),
  invalid: () =>
    withDevice(async (device) => {
      device.gpu.createBuffer({ size: 16, usage: 0xffff });
      const error = await told(() => device.sync());
      return { error, values: [...(await mul(fromArray(device, [1, 2]), 2).data())] };
    }),
  brokenKernel: () =>
    withDevice(async (device) => {
      const broken = { name: "broken", code: "@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(1)\nfn main() {\n  y[0] = no_such_function(1.0);\n}" };
      const y = zeros(device, [1]);
      await device.sync();
      const errors: string[] = [];
      for (let i = 0; i < 2; i++) {
        errors.push(
          await told(async () => {
            launch(device, broken, { buffers: { y: y.buffer }, workgroups: 1 });
            await device.sync();
          }),
        );
      }
      return { errors, pipelines: device.pipelines.created, values: [...(await y.data())] };
    }),
  poisoned: () =>
    withDevice(async (device) => {
      const run = makeRun(device);
      await run.steps(3);
      const [before, state] = [await run.bits(), await run.optimizer.stateDict()];
      const poison = fromArray(device, [NaN], { shape: [] });
      const model = {
        loss: (tokens: Parameters<GPT["loss"]>[0], targets: Parameters<GPT["loss"]>[1]) => scope(() => mul(run.model.loss(tokens, targets), poison)),
        train: () => run.model.train(),
        inEvalMode: <T>(fn: () => T) => run.model.inEvalMode(fn),
      };
      const { skipped } = await run.steps(4, { startStep: 3, model });
      const [after, stateAfter] = [await run.bits(), await run.optimizer.stateDict()];
      const error = await told(() => run.steps(40, { startStep: 4, model, maxSkipped: 5 }));
      await run.steps(6, { startStep: 4 });
      const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
      const moments = ({ moments }: typeof state) => Object.values(moments).map((arrays) => arrays.map((array) => [...array]));
      return { skipped, error, parametersKept: same(before, after), momentsKept: same(moments(state), moments(stateAfter)), goesOn: !same(after, await run.bits()) };
    }),
  nans: () => withDevice(keptNaNs),
  activations: () => withDevice(extremeActivations),
  logits: () => withDevice(extremeLogits),
  memory: () =>
    withDevice(async (device) => {
      const empty = device.memory().liveBytes;
      const run = makeRun(device);
      await run.steps(20);
      const before = { ...device.memory() };
      const created = device.pool.created;
      await run.steps(220, { startStep: 20 });
      const after = { ...device.memory() };
      const buffers = device.pool.created - created;
      run.dispose();
      return { before: before.liveBytes, after: after.liveBytes, buffers, left: device.memory().liveBytes - empty };
    }),
  hostileFiles: () =>
    withDevice(async (device) => {
      const run = makeRun(device);
      await run.steps(2);
      const [before, file] = [await run.bits(), await run.save(2)];
      const load = (bytes: Uint8Array) => {
        const started = performance.now();
        try {
          restoreCheckpoint(decodeCheckpoint(bytes), run.model, run.optimizer);
          return { error: null, message: "", took_ms: performance.now() - started };
        } catch (error) {
          return { error: error instanceof CheckpointError ? "CheckpointError" : String(error), message: (error as Error).message, took_ms: performance.now() - started };
        }
      };
      const hostile = [...hostileSafetensors(), ...hostileCheckpoints()].map(({ what, bytes }) => ({ what, ...load(bytes) }));
      const random = testRandom(31);
      const mutations = Array.from({ length: 1000 }, (_, round) => load(mutated(file, round, random)));
      load(file);
      return {
        hostile,
        untyped: mutations.filter(({ error }) => error !== null && error !== "CheckpointError"),
        tried: mutations.length,
        refused: mutations.filter(({ error }) => error !== null).length,
        slowest_ms: Math.max(...mutations.map(({ took_ms }) => took_ms)),
        kept: JSON.stringify(await run.bits()) === JSON.stringify(before),
      };
    }),
  /** Steps up to `until`, of a new run or of one that was saved. */
  steps: (until: number, checkpoint: number[] | null = null) =>
    withDevice(async (device) => {
      // Another seed after a resume: what the file does not hold would show.
      const run = makeRun(device, checkpoint ? 99 : 1, checkpoint && Uint8Array.from(checkpoint));
      await run.steps(until);
      return { losses: run.losses, bits: await run.bits(), saved: [...(await run.save(until))] };
    }),
  /** Files as an <input> gives them. */
  async files() {
    const read = async (name: string, ...parts: BlobPart[]) => {
      const file = new File(parts, name);
      return decodeText(new Uint8Array(await file.arrayBuffer()), file.name);
    };
    return {
      empty: await told(() => read("a.txt")),
      notUtf8: await told(() => read("a.txt", "one\ntwo\n", Uint8Array.of(0xff))),
      ragged: await told(async () => csvText(await read("a.csv", "a,b\n1,2\n3\n"), "a.csv")),
      openQuote: await told(async () => csvText(await read("a.csv", 'a,b\n1,"2\n'), "a.csv")),
      noColumn: await told(async () => csvText(await read("a.csv", "a,b\n1,2\n"), "a.csv", { columns: ["c"] })),
      short: await told(async () => text.characters(await read("a.txt", "short"), { block: 256, batch: 1, seed: 1 })),
      marked: await read("a.txt", Uint8Array.of(0xef, 0xbb, 0xbf), "a\r\nb\r"),
    };
  },
};

export type FaultTests = typeof tests;
Object.assign(globalThis, { faultTests: tests });
