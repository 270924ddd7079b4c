// Checkpoints that are not what they should be, for as long as you like: node scripts/fuzz_checkpoints.mjs --minutes 10 --seed 1
// Valid files are cut, flipped, and their headers edited; what decodeCheckpoint makes of them must be a checkpoint or a CheckpointError, soon.
// A file that fails is kept in out/fuzz with its seed.
import { build } from "esbuild";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const root = resolve(import.meta.dirname, "..");
const { values } = parseArgs({ options: { minutes: { type: "string", default: "1" }, seed: { type: "string", default: String(Date.now() % 2 ** 31) } } });
const [minutes, firstSeed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes > 0) || !Number.isSafeInteger(firstSeed)) throw new Error(`fuzz: needs --minutes above 0 and a whole --seed, got ${values.minutes} and ${values.seed}`);
const slow_ms = 50;

const { decodeCheckpoint, encodeSafetensors, CheckpointError } = await engine();
const started = performance.now();
let [files, refused, slowest_ms] = [0, 0, 0];
for (let seed = firstSeed; performance.now() - started < 60_000 * minutes; seed++, files++) {
  const file = mutated(randomOf(seed));
  let { took_ms, error } = decoded(file);
  // Another process may have had the core: the file is slow if it is slow again.
  for (let again = 0; again < 3 && took_ms > slow_ms; again++) took_ms = Math.min(took_ms, decoded(file).took_ms);
  slowest_ms = Math.max(slowest_ms, took_ms);
  if (error instanceof CheckpointError) refused++;
  else if (error) keep(seed, file, error);
  if (took_ms > slow_ms) keep(seed, file, new Error(`took ${took_ms.toFixed(0)} ms`));
  if (files % 20_000 === 0 && files > 0) console.log(`${files} files, ${refused} refused, the slowest ${slowest_ms.toFixed(1)} ms`);
}
console.log(`${files} files from seed ${firstSeed}, ${refused} refused, the slowest ${slowest_ms.toFixed(1)} ms${process.exitCode ? ", FAILED" : ""}`);

function decoded(file) {
  const before = performance.now();
  let error = null;
  try {
    decodeCheckpoint(file);
  } catch (caught) {
    error = caught;
  }
  return { took_ms: performance.now() - before, error };
}

/** Mulberry32: numbers in [0, 1). */
function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function validFile(random) {
  const below = (n) => Math.floor(random() * n);
  const tensors = new Map();
  for (let i = below(5); i >= 0; i--) {
    const shape = Array.from({ length: below(3) }, () => 1 + below(6));
    const size = shape.reduce((a, b) => a * b, 1);
    const [dtype, bytes] = [["F32", 4], ["F16", 2], ["BF16", 2], ["I32", 4]][below(4)];
    tensors.set(`${["model.", "optimizer.m.", ""][below(3)]}t${i}`, { dtype, shape, data: Uint8Array.from({ length: size * bytes }, () => below(256)) });
  }
  const state = JSON.stringify({ step: below(1000), data: { fingerprint: "f", position: { seed: 1, offset: 2 } }, bestValidationLoss: random() });
  const optimizer = JSON.stringify({ algorithm: "AdamW", step: 3, moments: ["m"] });
  return encodeSafetensors({ tensors, metadata: new Map([["format", "kiln"], ["format_version", "1"], ["state", state], ...(random() < 0.5 ? [["optimizer", optimizer]] : [])]) });
}

function mutated(random) {
  const below = (n) => Math.floor(random() * n);
  let file = validFile(random);
  const kind = below(5);
  if (kind === 0) return file.slice(0, below(file.length + 1));
  if (kind === 1) return Uint8Array.from([...file, ...Array.from({ length: 1 + below(40) }, () => below(256))]);
  if (kind === 2) return editedHeader(file, random);
  for (let flips = 1 + below(8); flips > 0; flips--) file[below(kind === 3 ? file.length : Math.min(file.length, 400))] ^= 1 << below(8);
  return file;
}

/** The header's text with a piece doubled, deleted, or replaced by something hostile. */
function editedHeader(file, random) {
  const below = (n) => Math.floor(random() * n);
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  let text = new TextDecoder().decode(file.subarray(8, 8 + length));
  const hostile = ["9007199254740993", "-1", "1e308", "[".repeat(1 + below(2000)), '\\"'.repeat(1 + below(20_000)), '"__proto__":{"a":1},', "null", "\ufeff", "\u0000", '"\\ud800"', "{}", "1.5", '"dtype":"F32",'];
  const [from, to] = [below(text.length), below(text.length)].sort((a, b) => a - b);
  const edit = below(3);
  text = edit === 0 ? text.slice(0, from) + text.slice(to) : edit === 1 ? text.slice(0, to) + text.slice(from) : text.slice(0, from) + hostile[below(hostile.length)] + text.slice(from);
  const header = new TextEncoder().encode(text);
  const result = new Uint8Array(8 + header.length + file.length - 8 - length);
  new DataView(result.buffer).setBigUint64(0, BigInt(header.length), true);
  result.set(header, 8);
  result.set(file.subarray(8 + length), 8 + header.length);
  return result;
}

function keep(seed, file, error) {
  const folder = join(root, "out/fuzz");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${seed}.safetensors`), file);
  console.error(`seed ${seed}: ${error.stack ?? error}`);
  process.exitCode = 1;
}

/** The source itself, bundled. */
async function engine() {
  const folder = mkdtempSync(join(tmpdir(), "kiln-fuzz-"));
  const outfile = join(folder, "engine.mjs");
  const contents = 'export { decodeCheckpoint } from "./src/train/checkpoint.ts"; export { encodeSafetensors } from "./src/io/safetensors.ts"; export { CheckpointError } from "./src/errors.ts";';
  await build({ stdin: { contents, resolveDir: root, loader: "ts" }, bundle: true, format: "esm", platform: "node", outfile, plugins: [{ name: "no kernels", setup: (b) => b.onLoad({ filter: /\.wgsl$/ }, () => ({ contents: "export default { name: '', code: '' }" })) }] });
  try {
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
