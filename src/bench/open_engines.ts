// Kiln and, where asked for, its peers: each on a device of its own of the same adapter, so that none can spoil another's.
import { deviceFrom } from "../gpu/device.js";
import type { Engine } from "./engine.js";
import { JaxEngine } from "./engines/jax/engine.js";
import { KilnEngine } from "./engines/kiln/engine.js";
import { TfEngine } from "./engines/tfjs/engine.js";

export interface OpenEnginesOptions {
  adapter: GPUAdapter;
  /** Gives the same adapter again. */
  gpu: GPU;
  /** Kiln's. */
  version: string;
  peers: boolean;
}

export interface Engines {
  kiln: KilnEngine;
  peers: Engine[];
}

/** Throws: UsageError that names the packages to install where a peer is missing. */
export async function openEngines({ adapter, gpu, version, peers }: OpenEnginesOptions): Promise<Engines> {
  const device = await deviceFrom(adapter);
  const sleeps = device.adapter.software && inNode();
  const kiln = new KilnEngine(device, version, sleeps);
  if (!peers) return { kiln, peers: [] };
  provideNavigatorGpu(gpu);
  try {
    return { kiln, peers: [await JaxEngine.open(sleeps), await TfEngine.open(sleeps)] };
  } catch (error) {
    kiln.close();
    throw error;
  }
}

/** Peers look for WebGPU where browsers have it. */
export function provideNavigatorGpu(gpu: GPU): void {
  const { navigator } = globalThis as { navigator?: Navigator };
  if (navigator?.gpu) return;
  const property = (target: object, name: string, value: unknown) => Object.defineProperty(target, name, { value, configurable: true });
  if (navigator) property(navigator, "gpu", gpu);
  // Node before version 21. jax-js looks at the user agent too.
  else property(globalThis, "navigator", { gpu, userAgent: "Node.js" });
}

function inNode(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node !== undefined;
}
