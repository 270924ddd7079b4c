// Finding an adapter in Node: hardware, else the system's software Vulkan, else the SwiftShader of our own.
import { AdapterError, UsageError } from "../errors.js";
import { describeAdapter, subgroupMatrixFeature } from "../gpu/adapter.js";
import { deviceFrom, type Device } from "../gpu/device.js";
import { checkOptions } from "../options.js";
import { useSwiftShader } from "./swiftshader.js";

/** Which adapter to open: see `openDevice`. */
export type AdapterChoice = "auto" | "hardware" | "system-software" | "swiftshader";

/** Options of `openDevice` in Node. */
export interface OpenDeviceOptions {
  /**
   * Which adapter to take. `auto` (the default, or what the environment variable KILN_ADAPTER says) tries them in
   * the order of this type.
   */
  adapter?: AdapterChoice;
  /** Dawn toggles, for example ["disable_robustness"]. */
  toggles?: readonly string[];
  /** Dawn toggles to switch off, for example ["timestamp_quantization"]: exact times for the profiler. */
  disabledToggles?: readonly string[];
  /**
   * Experimental features to use where the adapter offers them; `device.adapter` says what came of it. They need Dawn's
   * unsafe APIs, which drop promises of WebGPU: for programs of one's own.
   *
   * "subgroup-matrix": matrix products by the adapter's matrix units (tensor cores).
   */
  unsafe?: readonly UnsafeFeature[];
}

/** Features that Dawn gives on request only. */
export type UnsafeFeature = keyof typeof unsafeFeatures;

const unsafeFeatures = { "subgroup-matrix": subgroupMatrixFeature } as const;

export const adapterChoices: readonly AdapterChoice[] = ["auto", "hardware", "system-software", "swiftshader"];

// The process aborts when the object that Dawn's create() returned is collected while a device lives.
const instances: GPU[] = [];

interface DawnModule {
  create(flags: string[]): GPU;
  globals: Record<string, unknown>;
}

/**
 * Opens a GPU device.
 *
 * Throws: AdapterError that lists everything tried; UsageError for an unknown choice.
 */
export async function openDevice(options: OpenDeviceOptions = {}): Promise<Device> {
  const { adapter } = await findAdapter(options);
  return deviceFrom(adapter, (options.unsafe ?? []).map((name) => unsafeFeatures[name]));
}

export interface FoundAdapter {
  adapter: GPUAdapter;
  /** The entry point that gave it. It gives the same adapter again, which a second device needs. */
  gpu: GPU;
}

/** The adapter that `openDevice` would take. */
export async function findAdapter(options: OpenDeviceOptions = {}): Promise<FoundAdapter> {
  checkOptions("openDevice", options, ["adapter", "toggles", "disabledToggles", "unsafe"]);
  const choice = options.adapter ?? ((process.env.KILN_ADAPTER || "auto") as AdapterChoice);
  if (!adapterChoices.includes(choice)) {
    throw new UsageError(`openDevice: unknown adapter, got "${choice}"; use ${adapterChoices.join(", ")}`);
  }
  const unsafe = options.unsafe ?? [];
  const unknown = unsafe.find((name) => !Object.hasOwn(unsafeFeatures, name));
  if (unknown !== undefined) throw new UsageError(`openDevice: unknown unsafe feature, got "${String(unknown)}"; use ${Object.keys(unsafeFeatures).join(", ")}`);
  const dawn = await loadDawn();
  const toggles = [...(options.toggles ?? []), ...(unsafe.length > 0 ? ["allow_unsafe_apis"] : [])];
  const disabled = options.disabledToggles ?? [];
  const flags = [
    ...(toggles.length > 0 ? [`enable-dawn-features=${toggles.join(",")}`] : []),
    ...(disabled.length > 0 ? [`disable-dawn-features=${disabled.join(",")}`] : []),
  ];
  const tried: string[] = [];
  if (choice !== "swiftshader") {
    const found = await systemAdapter(dawn, flags, choice, tried);
    if (found) return found;
  }
  if (choice === "auto" || choice === "swiftshader") {
    const found = await swiftShaderAdapter(dawn, flags, tried);
    if (found) return found;
  }
  throw new AdapterError("openDevice: no WebGPU adapter found; tried", tried);
}

async function loadDawn(): Promise<DawnModule> {
  try {
    // Loaded late: it is large, and only this function needs it.
    const dawn = (await import("webgpu")) as unknown as DawnModule;
    for (const [name, value] of Object.entries(dawn.globals)) {
      if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
    return dawn;
  } catch (error) {
    throw new AdapterError("openDevice: cannot load WebGPU for Node; run: npm install webgpu", [`import("webgpu"): ${firstLine(error)}`], {
      cause: error,
    });
  }
}

async function systemAdapter(dawn: DawnModule, flags: string[], choice: AdapterChoice, tried: string[]): Promise<FoundAdapter | null> {
  const found = await request(dawn, flags, "the system's graphics drivers", tried);
  if (!found) return null;
  const { software, name } = describeAdapter(found.adapter);
  if (choice === "hardware" && software) return refuse(tried, `the system's graphics drivers: only software, ${name}`);
  if (choice === "system-software" && !software) {
    return request(dawn, [...flags, "adapter=llvmpipe"], "the system's llvmpipe", tried);
  }
  return found;
}

async function swiftShaderAdapter(dawn: DawnModule, flags: string[], tried: string[]): Promise<FoundAdapter | null> {
  try {
    useSwiftShader();
  } catch (error) {
    return refuse(tried, firstLine(error));
  }
  return request(dawn, [...flags, "backend=vulkan"], "SwiftShader of @sparticuz/chromium", tried);
}

async function request(dawn: DawnModule, flags: string[], what: string, tried: string[]): Promise<FoundAdapter | null> {
  try {
    const gpu = dawn.create(flags);
    instances.push(gpu);
    const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
    return adapter ? { adapter, gpu } : refuse(tried, `${what}: requestAdapter gave no adapter`);
  } catch (error) {
    return refuse(tried, `${what}: ${firstLine(error)}`);
  }
}

function refuse(tried: string[], line: string): null {
  tried.push(line);
  return null;
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split("\n")[0]!;
}
