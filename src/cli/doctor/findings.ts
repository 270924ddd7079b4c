// What is wrong on this machine, in plain words, and what to do about it.
import { AdapterError, KilnError } from "../../errors.js";
import { megabytes } from "../format.js";
import type { DeviceReport } from "../device_report.js";
import type { Machine } from "./machine.js";
import type { Check } from "./self_test.js";

/** broken: Kiln does not work, or gives wrong results. slow: it works, but not as it could. note: what to know. */
export interface Finding {
  level: "broken" | "slow" | "note";
  what: string;
  cure: string;
}

export interface Examined {
  machine: Machine;
  /** Null where none could be opened: `error` then says why. */
  device: DeviceReport | null;
  error: unknown;
  checks: readonly Check[];
}

const oldestNode = 20;
const little_bytes = 2 ** 30;

/** The worst first. */
export function findingsOf(examined: Examined): Finding[] {
  const found = [...ofTheDevice(examined), ...ofTheMachine(examined.machine), ...ofTheSelfTest(examined.checks)];
  const order: Finding["level"][] = ["broken", "slow", "note"];
  return found.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
}

function ofTheMachine({ versions, memory, folders, environment }: Machine): Finding[] {
  const found: Finding[] = [];
  const major = Number(/^v(\d+)/.exec(versions.node)?.[1]);
  if (major < oldestNode) found.push({ level: "broken", what: `Node ${versions.node} is too old`, cure: `install Node ${oldestNode} or newer` });
  if (versions.webgpu === null) found.push({ level: "broken", what: "the package webgpu, which brings WebGPU to Node, is not installed", cure: "npm install webgpu" });
  if (memory.free < little_bytes) found.push({ level: "slow", what: `only ${megabytes(memory.free)} of memory are free`, cure: "close other programs, or train a smaller model: kiln train says what it needs" });
  for (const { purpose, path, writable, cure } of folders) {
    if (!writable) found.push({ level: "broken", what: `the folder for ${purpose}, ${path}, cannot be written`, cure });
  }
  if (environment.KILN_ADAPTER) found.push({ level: "note", what: `KILN_ADAPTER is set to ${environment.KILN_ADAPTER}: no other adapter is tried`, cure: "unset it to take the best one" });
  return found;
}

function ofTheDevice({ machine, device, error }: Examined): Finding[] {
  if (!device) return [{ level: "broken", what: firstLines(error), cure: cureOf(error, machine) }];
  const { adapter, features } = device;
  const found: Finding[] = [];
  if (adapter.software) {
    const { gpuFiles } = machine;
    const hidden = gpuFiles.length > 0 ? `, although the system has ${gpuFiles.join(", ")}` : "";
    found.push({
      level: "slow",
      what: `no GPU is in use${hidden}: ${adapter.name} computes on the processor`,
      cure: gpuFiles.length > 0 ? gpuDriverCure() : "fine for small models; a machine with a GPU is many times faster",
    });
  }
  if (!features.includes("subgroups")) found.push({ level: "slow", what: "the adapter has no subgroups: kernels that need none are used", cure: "update the graphics driver" });
  if (!features.includes("shader-f16")) found.push({ level: "note", what: "the adapter has no shader-f16: --precision f16 and f16 tensors are refused", cure: "train in f32, the default" });
  if (!features.includes("timestamp-query")) found.push({ level: "note", what: "the adapter has no timestamp-query: --profile and profile() are refused", cure: "measure whole steps with kiln bench instead" });
  return found;
}

function ofTheSelfTest(checks: readonly Check[]): Finding[] {
  return checks
    .filter(({ ok }) => !ok)
    .map(({ name, result }) => ({
      level: "broken",
      what: `the self-test's part "${name}" failed: ${result}`,
      cure: "update the graphics driver; --adapter swiftshader computes on the processor meanwhile; if that fails too, report this output as a bug",
    }));
}

function cureOf(error: unknown, { versions, gpuFiles }: Machine): string {
  if (versions.webgpu === null) return "npm install webgpu";
  if (!(error instanceof AdapterError)) return "report this output as a bug";
  const software = versions.swiftshader === null ? "npm install @sparticuz/chromium brings a software adapter (Linux x64)" : "leave out --adapter and KILN_ADAPTER, so that every adapter is tried";
  return gpuFiles.length > 0 ? `${gpuDriverCure()}; or without a GPU: ${software}` : software;
}

function gpuDriverCure(): string {
  if (process.platform === "linux") return "install the GPU's Vulkan driver (Debian and Ubuntu: mesa-vulkan-drivers, or NVIDIA's driver with libvulkan1), give this user access to /dev/dri, and in a container pass the GPU on";
  return "install the newest graphics driver";
}

/** What was tried comes with it. */
function firstLines(error: unknown): string {
  if (error instanceof KilnError) return error.message.split("\n").map((line) => line.trim().replace(/^- /, "")).join("; ");
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
