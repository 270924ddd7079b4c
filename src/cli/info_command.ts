import type { Command } from "commander";
import type { AdapterChoice } from "../node/open_device.js";
import type { Device } from "../gpu/device.js";
import { adapterFlag, adapterHelp, announce, parseAdapter, withDevice } from "./open.js";

export function addInfoCommand(program: Command): void {
  program
    .command("info")
    .description("show the adapter that would be used, its features and limits")
    .option(adapterFlag, adapterHelp, parseAdapter)
    .option("--json", "as JSON")
    .action(async ({ adapter, json }: { adapter?: AdapterChoice; json?: boolean }) => {
      await withDevice(adapter, async (device) => {
        const info = collect(device);
        console.log(json ? JSON.stringify(info, null, 2) : `${announce(device)}\n${describe(info)}`);
      });
    });
}

function collect(device: Device) {
  const limits: Record<string, number> = {};
  // Limits are getters on a prototype.
  for (const name in device.limits) {
    const value = (device.limits as unknown as Record<string, unknown>)[name];
    if (typeof value === "number") limits[name] = value;
  }
  return { adapter: { ...device.adapter }, features: [...device.features].sort(), limits, node: process.version, platform: `${process.platform} ${process.arch}` };
}

function describe({ adapter, features, limits, node, platform }: ReturnType<typeof collect>): string {
  const width = Math.max(...Object.keys(limits).map((name) => name.length));
  return [
    `class     ${adapter.class}${adapter.software ? ", software" : ""}, subgroups of ${adapter.subgroupMinSize} to ${adapter.subgroupMaxSize}`,
    `system    Node ${node}, ${platform}`,
    `features  ${features.join(", ")}`,
    ...adapter.subgroupMatrices.map(({ operands, sums, m, n, k }) => `matrices  ${m}x${k} times ${k}x${n}, ${operands} to ${sums}`),
    "limits",
    ...Object.entries(limits).map(([name, value]) => `  ${name.padEnd(width)}  ${value.toLocaleString("en")}`),
  ].join("\n");
}
