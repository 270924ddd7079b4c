// What an adapter is, for people and for choosing kernels.

/**
 * Which family of kernels suits the adapter: `cpu` (software drivers: registers, no workgroup memory, no barriers),
 * `gpu-subgroup`, or `gpu-basic`.
 */
export type AdapterClass = "cpu" | "gpu-subgroup" | "gpu-basic";

export interface AdapterDescription {
  /** One line for logs, for example "llvmpipe: Mesa 25.0.7 (LLVM 15.0.6)". */
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly class: AdapterClass;
  /** True for a driver that computes on the CPU. */
  readonly software: boolean;
  readonly subgroupMinSize: number;
  readonly subgroupMaxSize: number;
}

export function describeAdapter(adapter: GPUAdapter): AdapterDescription {
  const info = adapter.info;
  const text = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`.toLowerCase();
  const software = info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|software rasterizer|microsoft basic render/.test(text);
  const subgroups = adapter.features.has("subgroups");
  return {
    name: info.description || info.device || [info.vendor, info.architecture].filter(Boolean).join(" ") || "unnamed adapter",
    vendor: info.vendor,
    architecture: info.architecture,
    class: software ? "cpu" : subgroups ? "gpu-subgroup" : "gpu-basic",
    software,
    subgroupMinSize: info.subgroupMinSize ?? 4,
    subgroupMaxSize: info.subgroupMaxSize ?? 128,
  };
}

const wantedFeatures = ["shader-f16", "timestamp-query", "subgroups"] as const;

/** The wanted features that the adapter has, and every limit at its maximum. */
export function deviceDescriptor(adapter: GPUAdapter): GPUDeviceDescriptor {
  const requiredLimits: Record<string, number> = {};
  // Limits are getters on a prototype: a plain spread would find none.
  for (const name in adapter.limits) {
    const value = (adapter.limits as unknown as Record<string, unknown>)[name];
    if (typeof value === "number" && /^(max|min)/.test(name)) requiredLimits[name] = value;
  }
  return {
    label: "kiln",
    requiredFeatures: wantedFeatures.filter((feature) => adapter.features.has(feature)),
    requiredLimits,
  };
}
