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
    const runs = [await trainTiny(device), await trainTiny(device, { captured: true })] as const;
    device.close();
    return runs;
  },
  /** One seed, five times. */
  async repeat() {
    const device = await kiln.openDevice();
    const losses: number[][] = [];
    for (const captured of [false, true, false, true, false]) losses.push((await trainTiny(device, { captured })).losses);
    device.close();
    return losses;
  },
  /** What a program is told where there is no WebGPU. */
  async open() {
    try {
      (await kiln.openDevice()).close();
      return null;
    } catch (error) {
      const { name, message, tried } = error as kiln.AdapterError;
      return { name, message, tried: [...tried] };
    }
  },
  /** Kernels are timed where the browser lets them be. */
  async profile() {
    const device = await kiln.openDevice();
    const x = kiln.ones(device, [512, 512]);
    const step = kiln.capture(device, ({ y }: { y: kiln.Tensor }) => kiln.matmul(x, y));
    const measured = await kiln.profile(device, () => step({ y: x }), { runs: 3 });
    const table = kiln.profileTable(measured);
    device.close();
    return { kernels: measured.kernels, quantum_ns: measured.quantum_ns, table };
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
