// One pipeline per kernel variant, made once and kept.
import { ShaderError } from "../errors.js";
import { reflect, specialise, variantLabel, type Reflection, type Shader, type Specialisation } from "./shader_source.js";

export interface Pipeline {
  readonly label: string;
  readonly gpu: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly reflection: Reflection;
  /** What the compiler said, where it has refused the kernel. */
  failure: ShaderError | null;
}

const bufferTypes = { read: "read-only-storage", read_write: "storage", uniform: "uniform" } as const;

export class PipelineCache {
  private readonly byShader = new Map<string, Map<string, Pipeline>>();
  private readonly failures: ShaderError[] = [];
  /** How many pipelines were ever created: training must not move it after its first step. */
  created = 0;

  constructor(private readonly gpu: GPUDevice) {}

  get(shader: Shader, how: Specialisation): Pipeline {
    let variants = this.byShader.get(shader.code);
    if (!variants) this.byShader.set(shader.code, (variants = new Map()));
    const label = variantLabel(shader, how);
    let pipeline = variants.get(label);
    if (!pipeline) {
      variants.set(label, (pipeline = this.create(shader, how, label)));
      pipeline.failure = this.failureOf(label);
    } else if (pipeline.failure) throw pipeline.failure;
    return pipeline;
  }

  /** The GPU reports a kernel that does not compile by its label, during `create` or later: launched again, it fails at once. */
  fail(error: ShaderError): void {
    this.failures.push(error);
    for (const variants of this.byShader.values()) {
      for (const pipeline of variants.values()) pipeline.failure ??= this.failureOf(pipeline.label);
    }
  }

  hasFailed(label: string): boolean {
    return this.failureOf(label) !== null;
  }

  private failureOf(label: string): ShaderError | null {
    return this.failures.find(({ message }) => message.includes(`"${label}"`)) ?? null;
  }

  private create(shader: Shader, how: Specialisation, label: string): Pipeline {
    const reflection = reflect(shader);
    for (const [name, value] of Object.entries(how.constants ?? {})) {
      if (!reflection.overrides.has(name)) throw new ShaderError(`${shader.name}.wgsl: has no override named "${name}"`);
      if (!Number.isFinite(Math.fround(Number(value)))) throw new ShaderError(`${shader.name}.wgsl: override "${name}" must be finite in f32, got ${value}; pass it as a Param`);
    }
    const layout = this.gpu.createBindGroupLayout({
      label,
      entries: reflection.bindings.map(({ index, kind }) => ({
        binding: index,
        visibility: 4, // GPUShaderStage.COMPUTE
        buffer: { type: bufferTypes[kind] },
      })),
    });
    const module = this.gpu.createShaderModule({ label, code: specialise(shader, how) });
    const constants = Object.fromEntries(Object.entries(how.constants ?? {}).map(([name, value]) => [name, Number(value)]));
    const gpu = this.gpu.createComputePipeline({
      label,
      layout: this.gpu.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main", constants },
    });
    this.created++;
    return { label, gpu, layout, reflection, failure: null };
  }
}
