// A training run small enough for any adapter, with everything in it: embedding, attention, dropout, clipping,
// warmup. Used in Node and in a page, which must agree.
import { AdamW } from "../../src/optim/index.js";
import type { Device } from "../../src/gpu/device.js";
import { GPT } from "../../src/nn/index.js";
import { fromArray } from "../../src/ops/index.js";
import { cosine, warmup } from "../../src/schedule/index.js";
import { Generator } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";

export interface TinyRun {
  adapter: string;
  losses: number[];
  /** Bytes live after closing everything the run made. */
  bytesLeft: number;
}

export async function trainTiny(device: Device, steps = 8): Promise<TinyRun> {
  const [batch, block, vocab] = [4, 16, 11];
  const before = device.memory().liveBytes;
  const model = new GPT(device, { layers: 2, heads: 2, width: 16, block, vocab, dropout: 0.1, seed: 3 });
  const schedule = warmup({ steps: 3, to: 1e-2 }).then(cosine({ from: 1e-2, to: 1e-3, steps: steps - 3 }));
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr: schedule, betas: [0.9, 0.99], clipNorm: 0.5 });
  const random = new Generator(5);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const text = random.integers(batch * (block + 1), vocab);
    const window = (shift: number) => Int32Array.from({ length: batch * block }, (_, i) => text[Math.floor(i / block) * (block + 1) + (i % block) + shift]!);
    const loss = scope(() => {
      optimizer.zeroGrad();
      const loss = model.loss(fromArray(device, window(0), { shape: [batch, block], dtype: "i32" }), fromArray(device, window(1), { shape: [batch, block], dtype: "i32" }));
      backward(loss);
      optimizer.step();
      return loss;
    });
    losses.push(await loss.item());
    loss.dispose();
  }
  optimizer.dispose();
  model.dispose();
  return { adapter: device.adapter.name, losses, bytesLeft: device.memory().liveBytes - before };
}
