// The device of a command: opened late, announced, closed whatever happens.
import pc from "picocolors";
import { adapterChoices, openDevice, type AdapterChoice, type OpenDeviceOptions } from "../node/open_device.js";
import type { Device } from "../gpu/device.js";
import { choiceOf } from "../recipe/values.js";

export const adapterFlag = "--adapter <which>";
export const adapterHelp = `${adapterChoices.join(" | ")} (or the environment variable KILN_ADAPTER)`;
export const parseAdapter = choiceOf("--adapter", adapterChoices);

export async function withDevice<T>(adapter: AdapterChoice | undefined, use: (device: Device) => Promise<T>, options: OpenDeviceOptions = {}): Promise<T> {
  const device = await openDevice({ ...options, ...(adapter && { adapter }) });
  try {
    return await use(device);
  } finally {
    device.close();
  }
}

/** One line with the adapter; a second, not to be missed, when it is a software one. */
export function announce(device: Device): string {
  const { name, software } = device.adapter;
  const line = `adapter   ${pc.bold(name)}`;
  if (!software) return line;
  return `${line}\n${pc.bgYellow(pc.black(" SOFTWARE ADAPTER "))} ${pc.yellow("no GPU is in use: everything is computed on the CPU, far slower than a GPU would")}`;
}
