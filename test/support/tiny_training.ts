// A training run small enough for any adapter, with everything in it: embedding, attention, dropout, clipping,
// warmup. Used in Node and in a page, which must agree.
import { capture } from "../../src/capture/index.js";
import { AdamW } from "../../src/optim/index.js";
import type { Device } from "../../src/gpu/device.js";
import { GPT } from "../../src/nn/index.js";
import { fromArray } from "../../src/ops/index.js";
import { cosine, warmup } from "../../src/schedule/index.js";
import { Generator } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";

export interface TinyRun {
  adapter: string;
  losses: number[];
  /** Bytes live after closing everything the run made. */
  bytesLeft: number;
}

export async function trainTiny(device: Device, { steps = 8, captured = false } = {}): Promise<TinyRun> {
  const [batch, block, vocab] = [4, 16, 11];
  const before = device.memory().liveBytes;
  const model = new GPT(device, { layers: 2, heads: 2, width: 16, block, vocab, dropout: 0.1, seed: 3 });
  const schedule = warmup({ steps: 3, to: 1e-2 }).then(cosine({ from: 1e-2, to: 1e-3, steps: steps - 3 }));
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr: schedule, betas: [0.9, 0.99], clipNorm: 0.5 });
  const random = new Generator(5);
  const losses: number[] = [];
  const body = ({ tokens, targets }: { tokens: Tensor; targets: Tensor }) => {
    optimizer.zeroGrad();
    const loss = model.loss(tokens, targets);
    backward(loss);
    optimizer.step();
    return loss;
  };
  const replayed = captured ? capture(device, body) : null;
  const upload = (values: Int32Array) => fromArray(device, values, { shape: [batch, block], dtype: "i32" });
  for (let step = 0; step < steps; step++) {
    const text = random.integers(batch * (block + 1), vocab);
    const window = (shift: number) => Int32Array.from({ length: batch * block }, (_, i) => text[Math.floor(i / block) * (block + 1) + (i % block) + shift]!);
    const [tokens, targets] = [window(0), window(1)];
    const loss = replayed ? replayed({ tokens, targets, shape: [batch, block] }) : scope(() => body({ tokens: upload(tokens), targets: upload(targets) }));
    losses.push(await loss.item());
    loss.dispose();
  }
  replayed?.dispose();
  optimizer.dispose();
  model.dispose();
  return { adapter: device.adapter.name, losses, bytesLeft: device.memory().liveBytes - before };
}
