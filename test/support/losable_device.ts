// A real device that can be lost as in a crash of the driver: the work in flight is gone, and `lost` says "unknown".
import { deviceDescriptor } from "../../src/gpu/adapter.js";
import { Device } from "../../src/gpu/device.js";
import { findAdapter } from "../../src/node/open_device.js";

export interface LosableDevice {
  device: Device;
  crash(): void;
}

export async function openLosableDevice(): Promise<LosableDevice> {
  const { adapter } = await findAdapter();
  const gpu = await adapter.requestDevice(deviceDescriptor(adapter));
  let tellLost: (info: GPUDeviceLostInfo) => void;
  const lost = new Promise<GPUDeviceLostInfo>((resolve) => (tellLost = resolve));
  // Not the driver's own loss: its reason would be "destroyed".
  const wrapped = new Proxy(gpu, {
    get(target, name) {
      if (name === "lost") return lost;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
  const crash = () => {
    gpu.destroy();
    // As in Chromium: what is pending is rejected first.
    setTimeout(() => tellLost({ reason: "unknown", message: "A valid external Instance reference no longer exists." } as GPUDeviceLostInfo), 5);
  };
  return { device: new Device(wrapped, adapter), crash };
}
