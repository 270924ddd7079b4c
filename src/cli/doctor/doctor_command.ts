// kiln doctor: everything a bug report needs, a self-test of about five seconds, and what is wrong on this machine.
import type { Command } from "commander";
import pc from "picocolors";
import { openDevice, type AdapterChoice } from "../../node/open_device.js";
import { adapterLines, limitLines, reportOf, type DeviceReport } from "../device_report.js";
import { exitCodes } from "../errors.js";
import { megabytes } from "../format.js";
import { adapterFlag, adapterHelp, announce, parseAdapter } from "../open.js";
import { findingsOf, type Finding } from "./findings.js";
import { describeMachine, type Machine } from "./machine.js";
import { selfTest, type Check } from "./self_test.js";

/** A part that takes longer does not come back. */
const patience_ms = 60_000;

interface DoctorFlags {
  adapter?: AdapterChoice;
  json?: boolean;
}

export function addDoctorCommand(program: Command, setExitCode: (code: number) => void): void {
  program
    .command("doctor")
    .description("test this machine for a few seconds, and say what is wrong with it: for bug reports")
    .option(adapterFlag, adapterHelp, parseAdapter)
    .option("--json", "as JSON")
    .addHelpText("after", "\nExit code 1 where something is broken. Nothing leaves the machine: read the output before you send it.")
    .action(async (flags: DoctorFlags) => setExitCode(await examine(flags)));
}

async function examine({ adapter, json = false }: DoctorFlags): Promise<number> {
  const say = (lines: string | readonly string[]) => void (json || console.log([lines].flat().join("\n")));
  const machine = describeMachine();
  say(machineLines(machine));
  const { device, error, checks } = await examineDevice(adapter, say);
  const findings = findingsOf({ machine, device, error, checks });
  if (json) console.log(JSON.stringify({ ...machine, ...device, checks, findings }, null, 2));
  else say(findingLines(findings));
  return findings.some(({ level }) => level === "broken") ? exitCodes.failed : exitCodes.ok;
}

async function examineDevice(adapter: AdapterChoice | undefined, say: (lines: string | readonly string[]) => void): Promise<{ device: DeviceReport | null; error: unknown; checks: Check[] }> {
  try {
    const device = await openDevice(adapter ? { adapter } : {});
    try {
      device.timeout_ms = patience_ms;
      const report = reportOf(device);
      say([announce(device), ...adapterLines(report), ...limitLines(report), "self-test"]);
      return { device: report, error: null, checks: await selfTest(device, (check) => say(checkLine(check))) };
    } finally {
      device.close();
    }
  } catch (error) {
    return { device: null, error, checks: [] };
  }
}

function machineLines({ versions, system, processor, memory, gpuFiles, vulkanDrivers, environment, folders }: Machine): string[] {
  const { kiln, node, v8, webgpu, swiftshader } = versions;
  return [
    `kiln      ${kiln}, Node ${node} (V8 ${v8}), webgpu ${webgpu ?? "missing"}, @sparticuz/chromium ${swiftshader ?? "missing"}`,
    `system    ${system}`,
    `processor ${processor}, ${megabytes(memory.free)} of ${megabytes(memory.total)} free`,
    `drivers   ${gpuFiles.join(", ") || "no device of a GPU"}; Vulkan: ${vulkanDrivers.join(", ") || "none"}`,
    ...Object.entries(environment).map(([name, value]) => `variable  ${name}=${value}`),
    ...folders.map(({ purpose, path, writable }) => `folder    ${path} for ${purpose}${writable ? "" : ", not writable"}`),
  ];
}

function checkLine({ name, ok, result, took_ms }: Check): string {
  return `  ${name.padEnd(10)}  ${ok ? pc.green("ok    ") : pc.red("FAILED")}  ${result} (${(took_ms / 1000).toFixed(1)} s)`;
}

function findingLines(findings: readonly Finding[]): string[] {
  const colours = { broken: pc.red, slow: pc.yellow, note: pc.dim };
  const lines = findings.flatMap(({ level, what, cure }) => [`${colours[level](level.padEnd(8))}  ${what}`, `          ${pc.bold("do")}: ${cure}`]);
  const broken = findings.filter(({ level }) => level === "broken").length;
  return [...lines, broken === 0 ? pc.green("Kiln works on this machine.") : pc.red(`${broken} ${broken === 1 ? "thing is" : "things are"} broken.`)];
}
