import type { Command } from "commander";
import type { AdapterChoice } from "../node/open_device.js";
import { adapterLines, limitLines, reportOf } from "./device_report.js";
import { adapterFlag, adapterHelp, announce, parseAdapter, withDevice } from "./open.js";

export function addInfoCommand(program: Command): void {
  program
    .command("info")
    .description("show the adapter that would be used, its features and limits")
    .option(adapterFlag, adapterHelp, parseAdapter)
    .option("--json", "as JSON")
    .action(async ({ adapter, json }: { adapter?: AdapterChoice; json?: boolean }) => {
      await withDevice(adapter, async (device) => {
        const report = reportOf(device);
        const [node, platform] = [process.version, `${process.platform} ${process.arch}`];
        if (json) console.log(JSON.stringify({ ...report, node, platform }, null, 2));
        else console.log([announce(device), `system    Node ${node}, ${platform}`, ...adapterLines(report), ...limitLines(report)].join("\n"));
      });
    });
}
