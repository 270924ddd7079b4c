// What an adapter is, for people and for choosing kernels.

/**
 * Which family of kernels suits the adapter: `cpu` (software drivers: registers, no workgroup memory, no barriers),
 * `gpu-subgroup`, or `gpu-basic`.
 */
export type AdapterClass = "cpu" | "gpu-subgroup" | "gpu-basic";

/** What is known of the adapter that a device runs on. */
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
  /** What the matrix units multiply, where the device was opened with them. */
  readonly subgroupMatrices: readonly SubgroupMatrix[];
}

/** Products of m x k and k x n matrices, for each subgroup. */
export interface SubgroupMatrix {
  /** Of the operands, and of the sums: "f16", "f32" and others. */
  readonly operands: string;
  readonly sums: string;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Experimental: only behind Dawn's toggle allow_unsafe_apis. */
export const subgroupMatrixFeature = "chromium-experimental-subgroup-matrix";

interface SubgroupMatrixConfig {
  componentType: string;
  resultComponentType: string;
  M: number;
  N: number;
  K: number;
}

function subgroupMatricesOf(info: GPUAdapterInfo): SubgroupMatrix[] {
  const { subgroupMatrixConfigs = [] } = info as { subgroupMatrixConfigs?: readonly SubgroupMatrixConfig[] };
  return [...subgroupMatrixConfigs].map(({ componentType, resultComponentType, M, N, K }) => ({ operands: componentType, sums: resultComponentType, m: M, n: N, k: K }));
}

/** `enabled`: features of the device. */
export function describeAdapter(adapter: GPUAdapter, enabled: ReadonlySet<string> = new Set()): AdapterDescription {
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
    subgroupMatrices: enabled.has(subgroupMatrixFeature) ? subgroupMatricesOf(info) : [],
  };
}

const wantedFeatures = ["shader-f16", "timestamp-query", "subgroups"] as const;

/** The wanted features that the adapter has, and every limit at its maximum. */
export function deviceDescriptor(adapter: GPUAdapter, more: readonly string[] = []): GPUDeviceDescriptor {
  const requiredLimits: Record<string, number> = {};
  // Limits are getters on a prototype: a plain spread would find none.
  for (const name in adapter.limits) {
    const value = (adapter.limits as unknown as Record<string, unknown>)[name];
    if (typeof value === "number" && /^(max|min)/.test(name)) requiredLimits[name] = value;
  }
  return {
    label: "kiln",
    requiredFeatures: [...wantedFeatures, ...more].filter((feature) => adapter.features.has(feature)) as GPUFeatureName[],
    requiredLimits,
  };
}
