// Fine-tuning from a checkpoint: trains on plain text and saves; then loads, and goes on with the same text shouted, with
// a warmup of its own to a lower rate, and the embeddings of positions frozen.
// node examples/fine_tune.mjs [steps]
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AdamW, CharacterTokenizer, TextData, loadCheckpoint, nn, openDevice, restoreCheckpoint, saveCheckpoint, schedule, tokenizerFromJSON, train } from "kiln-gpu/node";

const steps = Number(process.argv[2] ?? 150);
const device = await openDevice();
const plain = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const windows = { block: 32, batch: 8, seed: 1 };
const warmupTo = (to) => schedule.warmup({ steps: 10, to }).then(schedule.constant(to));
const report = (text) => ({ step, validationLoss }) => console.log(`${text}, validation loss after ${step} steps: ${validationLoss.toFixed(3)}`);
const folder = mkdtempSync(join(tmpdir(), "kiln-fine-tune-"));
const path = join(folder, "base.safetensors");

async function pretrain() {
  const vocab = new CharacterTokenizer(plain + plain.toUpperCase());
  const config = { layers: 1, heads: 2, width: 32, block: 32, vocab: vocab.size };
  const model = new nn.GPT(device, { ...config, seed: 1 });
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr: warmupTo(1e-2) });
  const data = new TextData(vocab.encode(plain), vocab, windows);
  await train({ device, model, optimizer, data, steps, evalEvery: steps, onValidation: report("plain text") });
  await saveCheckpoint(path, model, null, { step: steps, model: config, tokenizer: vocab.toJSON() });
}

async function fineTune() {
  const checkpoint = loadCheckpoint(path);
  const vocab = await tokenizerFromJSON(checkpoint.state.tokenizer);
  const model = new nn.GPT(device, checkpoint.state.model);
  restoreCheckpoint(checkpoint, model);
  const positions = model.namedParameters().get("transformer.wpe.weight");
  const others = model.parameters().filter((parameter) => parameter !== positions);
  const optimizer = new AdamW([{ params: others }, { params: [positions], frozen: true }], { lr: warmupTo(3e-3) });
  const data = new TextData(vocab.encode(plain.toUpperCase()), vocab, windows);
  await train({ device, model, optimizer, data, steps, evalEvery: steps, onValidation: report("SHOUTED TEXT") });
}

await pretrain();
await fineTune();
rmSync(folder, { recursive: true });
device.close();
