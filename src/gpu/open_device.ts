// Opening a device in a page or worker.
import { AdapterError } from "../errors.js";
import { deviceFrom, type Device } from "./device.js";

/**
 * Opens a GPU device through `navigator.gpu`. In Node, import `openDevice` from "kiln-gpu/node" instead.
 *
 * Throws: AdapterError that says what was tried.
 */
export async function openDevice(): Promise<Device> {
  const gpu = typeof navigator === "undefined" ? undefined : navigator.gpu;
  if (!gpu) {
    throw new AdapterError("openDevice: this environment has no WebGPU", [
      'navigator.gpu is missing: use a browser with WebGPU over https or localhost, or in Node import "kiln-gpu/node"',
    ]);
  }
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new AdapterError("openDevice: no WebGPU adapter found; tried", [
      "navigator.gpu.requestAdapter() gave none: the browser blocks this GPU, or WebGPU is switched off",
    ]);
  }
  return deviceFrom(adapter);
}
