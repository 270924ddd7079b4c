// A run whose device is lost goes on by itself, and ends as if nothing had happened.
import { describe, expect, it } from "vitest";
import { text } from "../../src/data/index.js";
import { AdapterError, DataError, DeviceLostError, UsageError } from "../../src/errors.js";
import { openDevice } from "../../src/node/open_device.js";
import { GPT } from "../../src/nn/index.js";
import { zeros } from "../../src/ops/index.js";
import { AdamW } from "../../src/optim/index.js";
import { cosine, warmup } from "../../src/schedule/index.js";
import { Generator } from "../../src/tensor/random.js";
import { encodeCheckpoint, Recovery, restoreCheckpoint, train, type RecoveryOptions, type StepMetrics } from "../../src/train/index.js";
import { fault, type Count } from "../support/fault.js";
import { openLosableDevice } from "../support/losable_device.js";

const source = Array.from({ length: 2000 }, (_, i) => "abcdefghijklmnop"[(i * i + (i >> 3)) % 16]).join("");
const steps = 16;
/** Each device compiles all kernels anew. */
const compiling_ms = 400_000;

interface Journey {
  rows: Omit<StepMetrics, "tokensPerSecond">[];
  validations: number[];
  parameters: Uint32Array[];
  moments: Uint32Array[];
  /** Where it went on after each loss. */
  wentOnAt: (number | null)[];
  bytesInUse: number[];
}

/** Trains with dropout, clipping and a schedule. The device is lost right after `crashes` were launched, or in the validation there. */
async function journey({ crashes = [], every = 5, capture = true }: { crashes?: number[]; every?: number; capture?: boolean } = {}): Promise<Journey> {
  const left = [...crashes];
  const rows = new Map<number, Omit<StepMetrics, "tokensPerSecond">>();
  const validations = new Map<number, number>();
  const wentOnAt: (number | null)[] = [];
  const bytesInUse: number[] = [];
  const recovery = new Recovery({ every, retries: crashes.length, onLost: (_error, step) => wentOnAt.push(step) });
  const ended = await recovery.run(async (copy) => {
    const { device, crash } = await openLosableDevice();
    try {
      const data = text.characters(source, { block: 16, batch: 4, seed: 3 });
      // Another seed: what a copy does not hold would show.
      const generator = new Generator(copy ? 99 : 3);
      const model = new GPT(device, { layers: 1, heads: 2, width: 16, block: 16, vocab: 16, dropout: 0.2, generator });
      const lr = warmup({ steps: 5, to: 1e-2 }).then(cosine({ steps: 15, to: 1e-3 }));
      const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr, betas: [0.9, 0.99], clipNorm: 1 });
      if (copy) {
        restoreCheckpoint(copy, model, optimizer);
        generator.loadStateDict(copy.state.generators!.model!);
        data.loadStateDict(copy.state.data!.position);
      }
      const copying = recovery.copying(({ step, bestValidationLoss }) =>
        encodeCheckpoint(model, optimizer, {
          step,
          bestValidationLoss,
          data: { fingerprint: data.fingerprint, position: data.stateDict() },
          generators: { model: generator.stateDict() },
        }),
      );
      await train({
        device,
        model,
        optimizer,
        data,
        steps,
        capture,
        startStep: copy?.state.step ?? 0,
        bestValidationLoss: copy?.state.bestValidationLoss ?? null,
        evalEvery: 4,
        evalBatches: 2,
        onStep: ({ tokensPerSecond: _, ...row }) => rows.set(row.step, row),
        onValidation: ({ step, validationLoss }) => validations.set(step, validationLoss),
        between: (progress, settle) => {
          const copied = copying(progress, settle);
          if (left[0] !== progress.step) return copied;
          left.shift();
          crash();
          return copied;
        },
      });
      const bitsOf = (values: Float32Array) => new Uint32Array(values.slice().buffer);
      const parameters = await Promise.all(Object.values(model.stateDict()).map(async (tensor) => bitsOf((await tensor.data()) as Float32Array)));
      const { moments } = await optimizer.stateDict();
      return { parameters, moments: Object.values(moments).flat().map(bitsOf) };
    } finally {
      device.close();
      bytesInUse.push(device.memory().pooledBytes);
    }
  });
  expect(left).toEqual([]);
  const inOrder = <T>(map: Map<number, T>) => [...map].sort(([a], [b]) => a - b).map(([, value]) => value);
  return { ...ended, rows: inOrder(rows), validations: inOrder(validations), wentOnAt, bytesInUse };
}

/** Attempts that fail with these errors, one after the other, and then succeed. */
async function attemptsFailing(errors: Error[], options: RecoveryOptions = {}): Promise<{ attempts: number; result: unknown }> {
  let attempts = 0;
  const result = await new Recovery(options)
    .run(async () => {
      const error = errors[attempts++];
      if (error) throw error;
      return "done";
    })
    .catch((error: unknown) => error);
  return { attempts, result };
}

const lost = () => new DeviceLostError("device: lost (unknown), crashed", "unknown");

describe("a device lost in training", () => {
  for (const { kind, capture, crashes, from } of [
    { kind: "captured", capture: true, crashes: [3, 7, 10], from: [null, 5, 5] },
    { kind: "eager", capture: false, crashes: [15], from: [10] },
  ]) {
    const what = `a run, ${kind}, goes on by itself from its last copy; every row and every weight is as without the loss`;
    const goesOn = async (count: Count) => {
      const whole = await journey({ capture });
      expect(whole.rows.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
      const { wentOnAt, bytesInUse, ...rest } = await journey({ capture, crashes });
      expect(wentOnAt).toEqual(from);
      expect(bytesInUse).toEqual([...crashes, 0].map(() => 0));
      expect(rest).toEqual({ rows: whole.rows, validations: whole.validations, parameters: whole.parameters, moments: whole.moments });
      count(crashes.length, "devices lost");
      count(steps, "steps survived");
    };
    fault(4, "Node", what, goesOn, compiling_ms);
  }

  it("with another copy it would be another run: the test above can fail", async () => {
    const whole = await journey();
    const other = await journey({ crashes: [7], every: 6 });
    expect(other.wentOnAt).toEqual([6]);
    expect(other.rows).toEqual(whole.rows);
    expect(whole.rows[7]).not.toEqual(whole.rows[8]);
    expect(new Set(whole.rows.map(({ loss }) => loss)).size).toBe(steps);
  }, compiling_ms);

  it("one loss more than the budget ends it, with what to do and no further attempt", async () => {
    const { attempts, result } = await attemptsFailing([lost(), lost(), lost(), lost()]);
    expect(attempts).toBe(3);
    expect(result).toBeInstanceOf(DeviceLostError);
    expect((result as Error).message).toMatch(/^train: the GPU was lost 3 times within \d+ s, .*; reload the page or restart the browser/);
    expect((await attemptsFailing([lost()], { retries: 0 })).result).toMatchObject({ message: expect.stringContaining("lost once") as string });
  });

  it("losses that lie further apart than the window count anew", async () => {
    const recovery = new Recovery({ retries: 1, within_ms: 40 });
    let attempts = 0;
    const result = await recovery.run(async () => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      if (++attempts <= 4) throw lost();
      return "done";
    });
    expect([attempts, result]).toEqual([5, "done"]);
  });

  fault(5, "Node", "no adapter after a loss: the browser has blocked WebGPU, said at once", async (count) => {
    const { attempts, result } = await attemptsFailing([lost(), new AdapterError("openDevice: no WebGPU adapter found", [])]);
    expect(attempts).toBe(2);
    expect(result).toBeInstanceOf(DeviceLostError);
    expect((result as Error).message).toContain("the browser has blocked WebGPU");
    expect((result as Error).cause).toBeInstanceOf(AdapterError);
    count(1, "devices lost");
  });

  it("no adapter at the start is told as it is", async () => {
    const error = new AdapterError("openDevice: no WebGPU adapter found", []);
    expect(await attemptsFailing([error])).toEqual({ attempts: 1, result: error });
  });

  fault(3, "Node", "a device that the program destroys in training is not replaced", async (count) => {
    let attempts = 0;
    const ended = new Recovery().run(async () => {
      attempts++;
      const device = await openDevice();
      const x = zeros(device, [4]);
      device.gpu.destroy();
      return x.data().finally(() => device.close());
    });
    await expect(ended).rejects.toMatchObject({ name: "DeviceLostError", reason: "destroyed" });
    expect(attempts).toBe(1);
    count(1, "devices lost");
  });

  it("other errors are told as they are", async () => {
    const error = new DataError("text: too short");
    expect(await attemptsFailing([error])).toEqual({ attempts: 1, result: error });
  });

  it("copies are due by steps or by time, not twice at one step", () => {
    const bySteps = new Recovery({ every: 5 });
    expect([4, 5, 6, 10].map((step) => bySteps.due(step))).toEqual([false, true, false, true]);
    bySteps.keep(new Uint8Array(), 5);
    expect(bySteps.due(5)).toBe(false);
    expect(new Recovery().due(5)).toBe(false);
  });

  it("refuses bad options", () => {
    expect(() => new Recovery({ retries: -1 })).toThrow(UsageError);
    expect(() => new Recovery({ within_ms: 0 })).toThrow(/within_ms/);
    expect(() => new Recovery({ every: 0.5 })).toThrow(/every/);
    expect(() => new Recovery({ retry: 1 } as RecoveryOptions)).toThrow(/retry/);
  });
});
