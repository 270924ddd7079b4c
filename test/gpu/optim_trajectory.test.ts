// Whole trajectories against float64 on the host: groups, schedules, clipping, spikes, tiny and missing gradients.
import { describe, expect, it } from "vitest";
import { Adagrad, Adam, AdamW, GIAdam, Lion, RAdam, RMSprop, SGD } from "../../src/optim/index.js";
import { fromArray } from "../../src/ops/creation.js";
import { cosine, linear, warmup, type Schedule } from "../../src/schedule/index.js";
import { testDevice } from "../support/device.js";
import { testRandom } from "../support/nd.js";
import { setGradient } from "../support/optim_gradients.js";
import { ReferenceOptimizer, type ReferenceAlgorithm, type ReferenceGroup } from "../support/optim_reference.js";
import { compare } from "../support/tolerances.js";

const steps = 50;
// One element, around a block of 256, a prime, several blocks.
const shapes = [[1], [255], [256], [257], [13, 17], [3, 331], [5]];
const groupOf = [0, 1, 0, 1, 0, 1, 1];

interface GradientCase {
  name: string;
  /** Standard deviation of the gradients at a step. */
  scale(t: number): number;
  missing?(t: number, parameter: number): boolean;
  clipNorm?: number;
  clipValue?: number;
  /** Standard deviation of the parameters. */
  values?: number;
  /** In place of every group's own. */
  weightDecay?: number;
}

const gradientCases: GradientCase[] = [
  { name: "plain", scale: () => 1 },
  { name: "20x spikes with clipping", scale: (t) => (t % 7 === 3 ? 20 : 1), clipNorm: 60 },
  { name: "20x spikes with clipping by value", scale: (t) => (t % 7 === 3 ? 20 : 0.5), clipValue: 3 },
  // Without decay: added to a tiny gradient it would take the gradient's place.
  { name: "tiny gradients", scale: () => 2 ** -20, values: 2 ** -20, weightDecay: 0 },
  { name: "missing gradients", scale: (t) => (t % 4 === 0 ? 3 : 1), missing: (t, i) => (t + i) % 3 === 0 || (i === 2 && t < 30), clipNorm: 60 },
];

const shared: { lr: Schedule; weightDecay: number }[] = [
  { lr: warmup({ steps: 10, to: 1e-2 }).then(cosine({ steps: 30, to: 1e-4 })), weightDecay: 0.1 },
  { lr: warmup({ steps: 20, to: 3e-3, convention: "llmc" }).then(linear({ steps: 20, to: 1e-3 })), weightDecay: 0 },
];

const algorithms = [
  { name: "AdamW", make: AdamW, own: [{}, { betas: [0.8, 0.95] as const, eps: 1e-6 }] },
  { name: "Adam", make: Adam, own: [{ betas: [0.9, 0.98] as const }, { weightDecay: 0.01, betas: [0, 0.9] as const }] },
  { name: "Adam with AMSGrad", make: Adam, own: [{ betas: [0.9, 0.9] as const, amsgrad: true }, { amsgrad: true, betas: [0.5, 0.8] as const }] },
  { name: "AdamW with AMSGrad in one group", make: AdamW, own: [{ betas: [0.9, 0.9] as const, amsgrad: true }, { betas: [0.9, 0.9] as const, eps: 1e-6 }] },
  { name: "Adam without bias correction", make: Adam, own: [{ biasCorrection: false }, { biasCorrection: false, betas: [0.8, 0.9] as const }] },
  { name: "Adam uphill in one group", make: Adam, own: [{ maximize: true }, {}] },
  { name: "GIAdam", make: GIAdam, own: [{}, { weightDecay: 0.2, betas: [0.8, 0.95] as const }] },
  { name: "GIAdam with AMSGrad in one group", make: GIAdam, own: [{ amsgrad: true, betas: [0.9, 0.9] as const }, { betas: [0.9, 0.9] as const }] },
  { name: "RAdam", make: RAdam, own: [{ betas: [0.9, 0.99] as const }, { decoupledWeightDecay: true, weightDecay: 0.3 }] },
  { name: "Lion", make: Lion, own: [{}, { betas: [0.5, 0.8] as const, weightDecay: 0.3 }] },
  { name: "Adagrad", make: Adagrad, own: [{ lrDecay: 0.1 }, { initialAccumulatorValue: 0.5, weightDecay: 0.01 }] },
  { name: "RMSprop", make: RMSprop, own: [{ alpha: 0.9 }, { weightDecay: 0.01, eps: 1e-4 }] },
  { name: "RMSprop with momentum, centered in one group", make: RMSprop, own: [{ alpha: 0.9, momentum: 0.9, centered: true }, { momentum: 0.5 }] },
  { name: "RMSprop, centered in one group", make: RMSprop, own: [{}, { alpha: 0.8, centered: true }] },
  { name: "SGD", make: SGD, own: [{}, {}] },
  { name: "SGD with momentum", make: SGD, own: [{ momentum: 0.9, dampening: 0.1 }, { momentum: 0.5 }] },
  { name: "SGD with momentum in one group", make: SGD, own: [{ momentum: 0.9 }, { weightDecay: 0.3 }] },
  { name: "SGD with Nesterov momentum", make: SGD, own: [{ momentum: 0.9, nesterov: true }, { momentum: 0.8, nesterov: true, weightDecay: 0.01 }] },
  { name: "SGD with decoupled decay", make: SGD, own: [{ momentum: 0.9, decoupledWeightDecay: true }, { weightDecay: 0.3 }] },
];

for (const { name, make, own } of algorithms) {
  describe(name, () => {
    for (const gradients of gradientCases) {
      it(`${gradients.name}: ${steps} steps in float64`, async () => {
        const device = await testDevice();
        const before = device.memory().liveBytes;
        const random = testRandom(11);
        const draw = (size: number, scale: number) => Float32Array.from({ length: size }, () => random.normal() * scale);
        const values = shapes.map((shape) => draw(shape.reduce((a, b) => a * b, 1), gradients.values ?? 1));
        const params = values.map((value, i) => fromArray(device, value, { shape: shapes[i]!, requiresGrad: true }));
        const options = shared.map((group, g) => ({ ...group, ...own[g]!, ...(gradients.weightDecay === undefined ? {} : { weightDecay: gradients.weightDecay }) }));
        const groups = options.map((option, g) => ({ params: params.filter((_, i) => groupOf[i] === g), ...option }));
        const { clipNorm, clipValue } = gradients;
        const optimizer = new make(groups as never, { ...(clipNorm && { clipNorm }), ...(clipValue && { clipValue }) } as never);

        const reference = new ReferenceOptimizer(
          make.name as ReferenceAlgorithm,
          options.map((option): ReferenceGroup => ({ ...option, lr: (t) => option.lr.at(t) })),
          values.map((value, i) => ({ group: groupOf[i]!, value })),
          clipNorm ?? null,
          clipValue ?? null,
        );
        for (let t = 0; t < steps; t++) {
          const drawn = values.map((value, i) => (gradients.missing?.(t, i) ? null : draw(value.length, gradients.scale(t))));
          optimizer.zeroGrad();
          drawn.forEach((gradient, i) => gradient && setGradient(params[i]!, gradient));
          optimizer.step();
          reference.step(drawn);
          if (t === 0 || t === 24) expect((await optimizer.stats()).gradNorm / reference.norm).toBeCloseTo(1, 5);
        }
        const stats = await optimizer.stats();
        expect(stats).toMatchObject({ step: steps, skipped: 0, clipped: reference.clipped });
        if (clipNorm || clipValue) {
          expect(reference.clipped, "clipping is on at some steps").toBeGreaterThan(3);
          expect(reference.clipped, "and off at others").toBeLessThan(steps - 3);
        }
        // One comparison over all: an element that walks back to 0 errs in proportion to how far it went.
        const got = (await Promise.all(params.map((param) => param.data()))).flatMap((data) => [...data]);
        const want = reference.parameters.flatMap(({ value }) => [...value]);
        const result = compare(got, want, "optimizer");
        expect(result.worst, result.message).toBeLessThanOrEqual(1);
        const start = values.flatMap((value) => [...value]);
        const moved = want.filter((value, i) => Math.abs(value - start[i]!) > 1e-4 * Math.abs(start[i]!)).length;
        expect(moved / want.length, "share of elements that left their start").toBeGreaterThan(0.9);
        optimizer.dispose();
        for (const param of params) param.dispose();
        expect(device.memory().liveBytes, "bytes left behind").toBe(before);
      });
    }
  });
}
