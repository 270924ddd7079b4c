// Training for half an hour with all that a user does meanwhile: node scripts/soak.mjs --minutes 30 --adapter swiftshader
// Validation, samples, checkpoints, the rate changed by hand. Memory must stay flat, the GPU must report nothing, and steps must not get slower.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const root = resolve(import.meta.dirname, "..");
const { values } = parseArgs({ options: { minutes: { type: "string", default: "30" }, adapter: { type: "string" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`soak: --minutes must be above 0, got ${values.minutes}`);
const entry = join(root, "dist/node.js");
if (!existsSync(entry)) throw new Error("soak: dist is missing; run npm run build first");
const { AdamW, generate, nn, openDevice, saveCheckpoint, schedule, text, train } = await import(pathToFileURL(entry).href);

/** Of the middle of the run against its end: the beginning still warms up. */
const most = { bytes: 0, buffers: 0, rss: 0.05, stepTime: 0.05 };
const words = Array.from({ length: 4000 }, (_, i) => "the whale and the sea were one and all was quiet there".split(" ")[(i * i + (i >> 3)) % 12]);
const folder = mkdtempSync(join(tmpdir(), "kiln-soak-"));
const device = await openDevice(values.adapter ? { adapter: values.adapter } : {});
console.log(`soak      ${minutes} minutes on ${device.adapter.name}`);
let uncaptured = 0;
device.gpu.addEventListener("uncapturederror", () => uncaptured++);

const data = text.characters(words.join(" "), { block: 32, batch: 8, seed: 1 });
const model = new nn.GPT(device, { layers: 2, heads: 4, width: 64, block: 32, vocab: data.vocab.size, dropout: 0.1, seed: 1 });
const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr: schedule.warmup({ steps: 50, to: 1e-3 }), clipNorm: 1, emaDecay: 0.99 });
const started = performance.now();
const end = new AbortController();
const samples = [];
const times = [];
let [lastStepAt, edits, sampled, checkpoints] = [started, 0, 0, 0];

await train({
  device, model, optimizer, data,
  steps: 1e9,
  evalEvery: 200,
  evalBatches: 4,
  checkpointEvery: 300,
  signal: end.signal,
  onStep: () => {
    const now = performance.now();
    times.push(now - lastStepAt);
    lastStepAt = now;
    if (now - started > 60_000 * minutes) end.abort();
  },
  onCheckpoint: async ({ step }) => {
    await saveCheckpoint(join(folder, "checkpoint.safetensors"), model, optimizer, { step });
    checkpoints++;
  },
  between: ({ step }, settle) => (step % 100 === 0 ? work(step, settle) : undefined),
});

async function work(step, settle) {
  await settle();
  for (const group of optimizer.paramGroups) group.lr = schedule.cosine({ from: 1e-3 * (1 + (step % 7) / 7), to: 1e-4, steps: step + 500 });
  edits++;
  if (step % 500 === 0) {
    await optimizer.withAveragedWeights(() => generate(model, data.vocab.encode("the "), { maxNewTokens: 40, temperature: 0.8, seed: step }));
    sampled++;
  }
  const { liveBytes, pooledBytes } = device.memory();
  samples.push({ at: performance.now() - started, step, bytes: liveBytes + pooledBytes, buffers: device.pool.created, rss: process.memoryUsage.rss(), steps: times.length });
  // Neither the work above nor validations and saves are a step.
  lastStepAt = performance.now();
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const part = (from, to) => samples.slice(Math.floor(from * samples.length), Math.floor(to * samples.length));
const [middle, last] = [part(0.25, 0.5), part(0.75, 1)];
const least = (list, what) => Math.min(...list.map((sample) => sample[what]));
const drift = {
  bytes: least(last, "bytes") / least(middle, "bytes") - 1,
  buffers: last.at(-1).buffers / middle.at(-1).buffers - 1,
  rss: least(last, "rss") / least(middle, "rss") - 1,
  stepTime: median(times.slice(Math.floor(0.75 * times.length))) / median(times.slice(Math.floor(0.25 * times.length), Math.floor(0.5 * times.length))) - 1,
};
console.log(`done      ${times.length} steps, ${edits} changes of the rate, ${sampled} samples, ${checkpoints} checkpoints, ${uncaptured} errors of the GPU`);
for (const [what, share] of Object.entries(drift)) console.log(`${what.padEnd(9)} ${(100 * share).toFixed(2)} %, at most ${100 * most[what]} %  ${share <= most[what] ? "PASS" : "FAIL"}`);
const failed = uncaptured > 0 || Object.entries(drift).some(([what, share]) => share > most[what]);
rmSync(folder, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
