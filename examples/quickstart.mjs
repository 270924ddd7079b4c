// Trains a tiny Transformer on this repository's README and writes a line of it.
// node examples/quickstart.mjs [steps]
import { readFileSync } from "node:fs";
import { AdamW, capture, generate, nn, openDevice, schedule, text } from "kiln-gpu/node";

const steps = Number(process.argv[2] ?? 200);
const device = await openDevice();
const data = text.characters(readFileSync("README.md", "utf8"), { block: 32, batch: 8, seed: 1 });
const model = new nn.GPT(device, { layers: 2, heads: 2, width: 32, block: 32, vocab: data.vocab.size, seed: 1 });

const warmupSteps = Math.ceil(steps / 10);
const lr = schedule
  .warmup({ steps: warmupSteps, to: 1e-2 })
  .then(schedule.cosine({ from: 1e-2, to: 1e-3, steps: steps - warmupSteps }));
const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr, betas: [0.9, 0.99], clipNorm: 1 });

const step = capture(device, ({ tokens, targets }) => {
  optimizer.zeroGrad();
  const loss = model.loss(tokens, targets);
  loss.backward();
  optimizer.step();
  return loss;
});
for (let i = 0; i < steps; i++) {
  const loss = step(data.next());
  if (i % 20 === 0 || i === steps - 1) console.log(i, lr.at(i).toExponential(2), (await loss.item()).toFixed(3));
}

const written = await generate(model, data.vocab.encode("# "), { maxNewTokens: 60, temperature: 0.8, seed: 1 });
console.log(data.vocab.decode(written));
device.close();
