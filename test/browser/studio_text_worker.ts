// In place of the studio's worker: a tiny model of a toy task and one of text, trained and asked as the studio's session does.
import { expose } from "comlink";
import { TaskData, text, type TokenData } from "../../src/data/index.js";
import { openDevice } from "../../src/gpu/open_device.js";
import { GPT } from "../../src/nn/index.js";
import { AdamW } from "../../src/optim/index.js";
import { constant } from "../../src/schedule/index.js";
import type { AttentionMaps, SampledToken, SampleRequest } from "../../src/studio/protocol.js";
import { attentionMaps, sampleText, type Writer } from "../../src/studio/worker/text.js";
import { train } from "../../src/train/index.js";

const writers = new Map<string, Writer>();
const asked: (SampleRequest | null)[] = [];

const api = {
  /** Trains a model under that name; the share of right answers where the data have any. */
  async train(name: string, data: string, steps: number): Promise<number | null> {
    const device = await openDevice();
    const block = 20;
    const source: TokenData = data === "task" ? new TaskData("copy", { size: 2, block, batch: 32 }) : text.characters(data, { block, batch: 16 });
    const model = new GPT(device, { layers: 2, heads: 2, width: 32, block, vocab: source.vocab.size, init: "scaled", seed: 1 });
    let exact: number | null = null;
    const optimizer = new AdamW(model.groups({ weightDecay: 0 }), { lr: constant(1e-2), clipNorm: 1 });
    await train({ device, model, optimizer, data: source, steps, evalEvery: steps, evalBatches: 1, onValidation: (metrics) => (exact = metrics.exactMatch ?? null) });
    optimizer.dispose();
    writers.set(name, { model, data: source });
    return exact;
  },
  sample: (run: string, request: SampleRequest, onToken: (token: SampledToken) => void): Promise<void> => sampleText(writers.get(run)!, request, onToken),
  attention: (run: string, typed: string): Promise<AttentionMaps> => attentionMaps(writers.get(run)!, typed),
  sampleAsItTrains: (request: SampleRequest | null): void => void asked.push(request),
  asked: () => asked,
  samples: () => [],
};

export type TextWorker = typeof api;
expose(api);
