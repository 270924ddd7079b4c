// An optimizer of your own: Signum (Bernstein et al. 2018), one kernel. Trains a tiny Transformer on this repository's README.
// node examples/custom_optimizer.mjs [steps]
import { readFileSync } from "node:fs";
import { capture, defineKernel, keep, nn, openDevice, schedule, text, zeros } from "kiln-gpu/node";

const stepKernel = defineKernel("sign_step", readFileSync(new URL("sign_step.wgsl", import.meta.url), "utf8"));

class Signum {
  /** Steps taken: advance it after each. */
  t = 0;

  constructor(params, { lr, beta = 0.9 }) {
    Object.assign(this, { params, lr, beta });
    this.momenta = params.map((p) => keep(zeros(p.device, p.shape)));
  }

  zeroGrad() {
    for (const p of this.params) p.dropGrad();
  }

  /** Launches only. A captured step asks the function for the rate again each time. */
  step() {
    this.params.forEach((p, i) => {
      if (!p.grad) return;
      const params = () => ({ size: p.size, lr: this.lr.at(this.t), beta: this.beta });
      stepKernel.launch({ g: p.grad, m: this.momenta[i], p }, { workgroups: Math.ceil(p.size / 64), params });
    });
  }
}

const steps = Number(process.argv[2] ?? 200);
const device = await openDevice();
const data = text.characters(readFileSync(new URL("../README.md", import.meta.url), "utf8"), { block: 32, batch: 8, seed: 1 });
const model = new nn.GPT(device, { layers: 1, heads: 2, width: 32, block: 32, vocab: data.vocab.size, seed: 1 });
const lr = schedule.warmup({ steps: 10, to: 3e-3 }).then(schedule.cosine({ to: 3e-4, steps: Math.max(1, steps - 10) }));
const optimizer = new Signum(model.parameters(), { lr });

const step = capture(device, ({ tokens, targets }) => {
  optimizer.zeroGrad();
  const loss = model.loss(tokens, targets);
  loss.backward();
  optimizer.step();
  return loss;
});
for (let i = 0; i < steps; i++) {
  const loss = step(data.next());
  optimizer.t++;
  if (i % 20 === 0 || i === steps - 1) console.log(i, lr.at(i).toExponential(2), (await loss.item()).toFixed(3));
}
device.close();
