// What the browser tests run inside the page, through the library's public entry.
import * as kiln from "../../src/index.js";
import { trainTiny } from "../support/tiny_training.js";

const tests = {
  /** The public surface is there, and the same ops run. */
  async compute() {
    const device = await kiln.openDevice();
    const x = kiln.tensor(device, [[1, 2], [3, 4]], { requiresGrad: true });
    const y = kiln.sum(kiln.softmax(kiln.matmul(x, x)));
    kiln.backward(y);
    const result = { value: await y.item(), gradient: [...(await x.grad!.data())], software: device.adapter.software };
    device.close();
    return result;
  },
  async train() {
    const device = await kiln.openDevice();
    const run = await trainTiny(device);
    device.close();
    return run;
  },
  /** A wrong call throws in the page as it does in Node. */
  async refuse() {
    const device = await kiln.openDevice();
    try {
      kiln.matmul(kiln.zeros(device, [2, 3]), kiln.zeros(device, [2, 3]));
      return "nothing was thrown";
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    } finally {
      device.close();
    }
  },
};

export type PageTests = typeof tests;
Object.assign(globalThis, { kilnTests: tests });
