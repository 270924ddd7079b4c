// What a training step may ask of the adapter: nanoGPT's configuration for a CPU, optimizer included.
import { describe, expect, it } from "vitest";
import { capture } from "../../src/capture/index.js";
import { DryDevice } from "../../src/gpu/dry_device.js";
import { GPT } from "../../src/nn/index.js";
import { AdamW } from "../../src/optim/index.js";
import { backward } from "../../src/tensor/backward.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";

describe("a captured training step of a 4-layer GPT", () => {
  it("is at most 90 dispatches on this class of adapter, bias and dropout included", async () => {
    const real = await testDevice();
    const dispatches = (options: { bias: boolean; dropout: number }) => {
      const device = new DryDevice(real);
      const model = new GPT(device, { layers: 4, heads: 4, width: 128, block: 64, vocab: 65, seed: 1, ...options });
      const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr: 1e-3, clipNorm: 1 });
      const step = capture(device, ({ tokens, targets }: { tokens: Tensor; targets: Tensor }) => {
        optimizer.zeroGrad();
        const loss = model.loss(tokens, targets);
        backward(loss);
        optimizer.step();
        return loss;
      });
      const tokens = new Int32Array(12 * 64);
      step({ tokens, targets: tokens, shape: [12, 64] });
      return step.report()[0]!.dispatches;
    };
    expect(dispatches({ bias: false, dropout: 0 })).toBeLessThanOrEqual(75);
    expect(dispatches({ bias: true, dropout: 0 })).toBeLessThanOrEqual(90);
    expect(dispatches({ bias: true, dropout: 0.1 })).toBeLessThanOrEqual(90);
  });
});
