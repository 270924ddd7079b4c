// Trains a tiny Transformer in the page, and writes a line.
import { AdamW, capture, generate, nn, openDevice, schedule, text } from "kiln-gpu";

const log = (line) => document.querySelector("#log").append(`${line}\n`);
const steps = Number(new URLSearchParams(location.search).get("steps") ?? 200);
try {
  const device = await openDevice();
  const source = "She sells sea shells by the sea shore. The shells she sells are sea shells, I'm sure. ".repeat(20);
  const data = text.characters(source, { block: 32, batch: 8, seed: 1 });
  const model = new nn.GPT(device, { layers: 1, heads: 2, width: 32, block: 32, vocab: data.vocab.size, seed: 1 });
  const lr = schedule.warmup({ steps: 10, to: 1e-2 }).then(schedule.cosine({ to: 1e-3, steps: Math.max(1, steps - 10) }));
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr });
  const step = capture(device, ({ tokens, targets }) => {
    optimizer.zeroGrad();
    const loss = model.loss(tokens, targets);
    loss.backward();
    optimizer.step();
    return loss;
  });
  for (let i = 0; i < steps; i++) {
    const loss = step(data.next());
    if (i % 20 === 0 || i === steps - 1) log(`${i} ${lr.at(i).toExponential(2)} ${(await loss.item()).toFixed(3)}`);
  }
  log("She " + data.vocab.decode(await generate(model, data.vocab.encode("She "), { maxNewTokens: 60, temperature: 0.8, seed: 1 })));
} catch (error) {
  log(error.message); // No WebGPU: the message says what to do.
  throw error;
}
