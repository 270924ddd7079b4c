// Group 15: a contrastive loss whose temperature falls, and what the rate should do meanwhile.
import { crossEntropy, div, fromArray, Generator, matmul, norm, schedule, SGD, slice, type Device, type Tensor } from "kiln-gpu";
import { experiment, type Measured, type Size } from "../../src/lab/index.js";
import { lowestOf, orNull } from "./support/choice.js";
import { lossesOf } from "./support/losses.js";
import { PlainNet, type NetShape } from "./support/plain_net.js";
import { table, type Table } from "./support/points.js";
import { grid, median, spread } from "./support/statistics.js";
import { Trainee } from "./support/trainee.js";

/** The rate falls as the temperature to this power: 0 leaves it constant, 1 keeps rate over temperature level. */
type Setting = { power: number; rate: number; seed: number };
/** Held-out loss at the last temperature, NaN where the run was lost; training losses, thinned. */
type Result = { loss: number; curve: number[] };
type Row = Measured<Setting, Result>;

const temperature = { from: 0.5, to: 0.05 };
const pairs = 64;
const features = 16;
const net: NetShape = { inputs: features, width: 32, outputs: 8, depth: 1 };
const powers = [0, 1, 2];
/** So wide that no band reaches its ends: a grid up to 8 cut the bands off, and compared nothing but itself. */
const rates = [0.03125, 0.125, 0.5, 2, 8, 32, 128, 512];
const runOf = (size: Size) => (size === "full" ? { steps: 1000, seeds: [1, 2, 3, 4, 5, 6, 7] } : { steps: 160, seeds: [1, 2, 3] });
/** A run that learned nothing tells one pair from another no better than chance. */
const chance = Math.log(pairs);
/** Share of the best run's gain over chance that counts as trained. */
const trainedShare = 0.9;
/** Nats that the criteria take for a difference. */
const told = 0.03;

export default experiment<Setting, Result>({
  name: "infonce-temperature",
  group: 15,
  title: "A rate that falls with the contrastive temperature",
  claim:
    "InfoNCE divides similarities by a temperature τ, so its gradient grows as 1/τ and its curvature by up to 1/τ². Where τ falls during training, τ_t = τ₀ e^(-λt), a constant rate η takes " +
    "ever larger steps η/τ_t; a rate that falls alike, η_t = η₀ τ_t/τ₀, keeps η_t/τ_t level and should train better, and from a wider band of η₀.",
  source:
    "InfoNCE: van den Oord et al. 2018 (arXiv 1807.03748, section 2.3). How τ scales the gradients: Wang and Liu 2021 (arXiv 2012.09740, section 3). Temperatures that move during training: " +
    "Kukleva et al. 2023 (arXiv 2303.13664). That the rate should move with them is this catalogue's claim.",
  prediction:
    "With SGD and τ from 0.5 to 0.05 the constant rate must be safe at the end, where gradients are 10 times and curvature up to 100 times larger, so its best η₀ is 4 or more times below that of the " +
    "matched rate and its start is slow: at each one's best η₀ the matched rate should end at least 0.03 nats lower, and its band of η₀ be at least twice as wide. Curvature would allow for τ² too; " +
    "I expect it to be no better than τ, within 0.03 nats.",
  revision: 1,
  criteria: [
    { id: "best", statement: "held-out loss at the last temperature, constant rate minus matched rate, each at its best η₀", confirmed: { atLeast: told }, contradicted: { atMost: -told }, unit: "nats" },
    { id: "band", statement: "band of η₀ that trains (highest over lowest), matched rate over constant rate", confirmed: { atLeast: 2 }, contradicted: { atMost: 0.5 }, unit: "x" },
    { id: "level", statement: "the same loss, rate falling as τ² minus rate falling as τ: level η/τ is enough", confirmed: { atLeast: -told }, contradicted: { atMost: -0.1 }, unit: "nats" },
  ],
  cells: (size) => grid({ power: powers, rate: rates, seed: runOf(size).seeds }),

  async measure({ power, rate, seed }, { device, size, signal, shared }) {
    const { steps } = runOf(size);
    const trainee = shared("trainee", () => makeTrainee(device, steps));
    const { batches, heldOut } = shared(`views ${seed}`, () => makeViews(seed, steps));
    trainee.start(new PlainNet(device, net, seed), rateFor(power, rate, steps));
    const losses = await lossesOf(trainee.step, { steps, feed: (t) => ({ views: batches[t]! }), signal, stopAbove: 10 * chance });
    const loss = losses.length < steps ? NaN : await trainee.evaluate(heldOut.map((views) => ({ views })));
    return { loss, curve: losses.filter((_, t) => t % Math.ceil(steps / 40) === 0) };
  },

  conclude(rows, size) {
    const { seeds } = runOf(size);
    const best = new Map(powers.map((power) => [power, lowestOf(rates, (rate) => seeds.map((seed) => at(rows, power, rate, seed).loss))]));
    const ends = (power: number) => seeds.map((seed) => at(rows, power, best.get(power)!, seed).loss);
    const minus = (a: number, b: number) => seeds.map((_, i) => ends(a)[i]! - ends(b)[i]!);
    const bands = new Map(powers.map((power) => [power, seeds.map((seed) => bandOf(rows, power, seed))]));
    const values = { best: minus(0, 1), band: seeds.map((_, i) => bands.get(1)![i]! / bands.get(0)![i]!), level: minus(2, 1) };
    const lowest = lowestOf(powers.slice(1), ends);
    const over = median(minus(0, lowest));
    const widths = (power: number) => median(bands.get(power)!);
    return {
      values,
      summary:
        `τ fell from ${temperature.from} to ${temperature.to}. At each one's best first rate the held-out loss at the end was ` +
        `${powers.map((power) => `${median(ends(power)).toFixed(3)} nats with ${names[power]} (η₀ ${best.get(power)})`).join(", ")}; chance is ${chance.toFixed(2)}. ` +
        `The rates that keep ${trainedShare * 100} % of the best gain span ${powers.map((power) => `${text(widths(power))} times with ${names[power]}`).join(", ")} (a single rate counts as 1, none as 0.5).`,
      advice:
        over >= told
          ? `Where you lower the temperature under SGD, lower the rate as ${lowest === 1 ? "τ" : "τ²"}: from η₀ ${best.get(lowest)} the held-out loss ended ${over.toFixed(3)} nats below that of the best constant rate, ${best.get(0)}.`
          : over > -told
            ? `With normalised embeddings under SGD, leave the rate alone while the temperature falls: tuned, the schedules ended within ${told} nats of each other, and the band of rates that train was ${text(widths(0))} times wide for a constant rate, ${text(widths(1))} times for one that falls as τ.`
            : `Tune a constant rate at the last temperature: here it ended ${(-over).toFixed(3)} nats below the best falling one.`,
      charts: [
        {
          kind: "lines",
          title: "Held-out loss at the last temperature, by first rate",
          x: { name: "first rate η₀", log: true },
          y: { name: "loss (nats)" },
          series: powers.map((power) => {
            const by = rates.map((rate) => ({ rate, losses: seeds.map((seed) => at(rows, power, rate, seed).loss) }));
            const trained = by.filter(({ losses }) => losses.every(Number.isFinite));
            return { name: names[power]!, points: trained.map(({ rate, losses }) => [rate, median(losses)] as const), band: trained.map(({ rate, losses }) => [rate, ...spread(losses)] as const) };
          }),
        },
        {
          kind: "lines",
          title: "Training loss at each one's best first rate (τ falls meanwhile)",
          x: { name: "step" },
          y: { name: "loss (nats)" },
          series: powers.map((power) => {
            const { curve } = at(rows, power, best.get(power)!, seeds[0]!);
            return { name: names[power]!, points: curve.map((loss, i) => [i * Math.ceil(runOf(size).steps / 40), loss] as const) };
          }),
        },
      ],
      tables: [{ title: "Held-out loss of every run (nats)", columns: ["rate falls as", "η₀", ...seeds.map((seed) => `seed ${seed}`)], rows: grid({ power: powers, rate: rates }).map(({ power, rate }) => [names[power]!, rate, ...seeds.map((seed) => orNull(at(rows, power, rate, seed).loss))]) }],
    };
  },
});

const text = (value: number): string => Number(value.toPrecision(2)).toString();
const names: Readonly<Record<number, string>> = { 0: "a constant rate", 1: "a rate as τ", 2: "a rate as τ²" };

const cooling = (from: number, to: number, steps: number) => schedule.exponential({ from, factor: (to / from) ** (1 / steps), steps });

export function rateFor(power: number, rate: number, steps: number): schedule.Schedule {
  return cooling(rate, rate * (temperature.to / temperature.from) ** power, steps);
}

interface Batch {
  views: { values: Tensor };
}

function makeTrainee(device: Device, steps: number): Trainee<Batch> {
  const model = new PlainNet(device, net, 0);
  const optimizer = new SGD(model.parameters(), { lr: 0 });
  const tau = optimizer.scalar("temperature", cooling(temperature.from, temperature.to, steps));
  const targets = fromArray(device, Array.from({ length: pairs }, (_, i) => i), { dtype: "u32" });
  return new Trainee(device, model, optimizer, ({ views }) => {
    const z = model.forward(views.values);
    const unit = div(z, norm(z, { axis: 1, keepDims: true }));
    const similarities = matmul(slice(unit, 0, 0, pairs), slice(unit, 0, pairs, 2 * pairs), { transposeB: true });
    return crossEntropy(div(similarities, tau), targets);
  });
}

const latents = 6;
/** Standard deviation by which two views of an item differ in each latent, whose own is 1. */
const jitter = 0.3;
const heldOutBatches = 4;

/** Each batch holds the first views of its items, then the second ones. The map from latents to features is the same for all seeds. */
function makeViews(seed: number, steps: number): { batches: Table[]; heldOut: Table[] } {
  const mixing = new Generator(1000).normal(features * latents);
  const random = new Generator(seed);
  const batch = (): Table => {
    const [items, noise] = [random.normal(pairs * latents), random.normal(2 * pairs * latents)];
    const values = new Float32Array(2 * pairs * features);
    for (let row = 0; row < 2 * pairs; row++) {
      for (let feature = 0; feature < features; feature++) {
        let sum = 0;
        for (let i = 0; i < latents; i++) sum += mixing[feature * latents + i]! * (items[(row % pairs) * latents + i]! + jitter * noise[row * latents + i]!);
        values[row * features + feature] = Math.tanh(sum / Math.sqrt(latents));
      }
    }
    return table(values, features);
  };
  const list = (count: number) => Array.from({ length: count }, batch);
  return { heldOut: list(heldOutBatches), batches: list(steps) };
}

const at = (rows: readonly Row[], power: number, rate: number, seed: number): Result =>
  rows.find(({ cell }) => cell.power === power && cell.rate === rate && cell.seed === seed)!.result;

/** Highest over lowest rate that trains: 1 for a single one, 0.5 for none. */
function bandOf(rows: readonly Row[], power: number, seed: number): number {
  const lossesOfSeed = rows.filter(({ cell }) => cell.seed === seed).map(({ result }) => result.loss);
  const enough = chance - trainedShare * (chance - Math.min(...lossesOfSeed.filter(Number.isFinite)));
  const trained = rates.filter((rate) => at(rows, power, rate, seed).loss <= enough);
  return trained.length > 0 ? trained.at(-1)! / trained[0]! : 0.5;
}
