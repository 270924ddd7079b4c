// A device as people and bug reports want it.
import type { Device } from "../gpu/device.js";

export interface DeviceReport {
  adapter: Device["adapter"];
  features: string[];
  limits: Record<string, number>;
}

export function reportOf(device: Device): DeviceReport {
  const limits: Record<string, number> = {};
  // Limits are getters on a prototype.
  for (const name in device.limits) {
    const value = (device.limits as unknown as Record<string, unknown>)[name];
    if (typeof value === "number") limits[name] = value;
  }
  return { adapter: { ...device.adapter }, features: [...device.features].sort(), limits };
}

export function adapterLines({ adapter, features }: DeviceReport): string[] {
  return [
    `class     ${adapter.class}${adapter.software ? ", software" : ""}, subgroups of ${adapter.subgroupMinSize} to ${adapter.subgroupMaxSize}`,
    `features  ${features.join(", ")}`,
    ...adapter.subgroupMatrices.map(({ operands, sums, m, n, k }) => `matrices  ${m}x${k} times ${k}x${n}, ${operands} to ${sums}`),
  ];
}

export function limitLines({ limits }: DeviceReport): string[] {
  const width = Math.max(...Object.keys(limits).map((name) => name.length));
  return ["limits", ...Object.entries(limits).map(([name, value]) => `  ${name.padEnd(width)}  ${value.toLocaleString("en")}`)];
}
