import type { Contender, Engine } from "../../engine.js";
import { DeviceProbe } from "../../probe.js";
import type { KernelSpec } from "../../specs/kernels.js";
import type { OptimizerSpec } from "../../specs/optimizers.js";
import type { TrainingSpec } from "../../specs/training.js";
import { jaxKernel } from "./kernels.js";
import { importJax, jaxVersion, type Jax } from "./load.js";
import { JaxStep } from "./optimizers.js";
import { JaxStepByOps } from "./steps_by_ops.js";
import { JaxTraining } from "./training.js";

export class JaxEngine implements Engine {
  readonly name = "jax-js";
  readonly version = jaxVersion;
  readonly probe: DeviceProbe;

  private constructor(
    private readonly jax: Jax,
    sleeps: boolean,
  ) {
    this.probe = new DeviceProbe(jax.getWebGPUDevice(), sleeps);
  }

  /** Takes its device from `navigator.gpu`. */
  static async open(sleeps: boolean): Promise<JaxEngine> {
    const jax = await importJax();
    await jax.init("webgpu");
    jax.defaultDevice("webgpu");
    return new JaxEngine(jax, sleeps);
  }

  kernel(spec: KernelSpec): Contender {
    return jaxKernel(this.jax, spec);
  }

  optimizer(spec: OptimizerSpec): Contender | null {
    if (spec.variant === "per tensor") return null;
    return spec.variant === "fused" ? new JaxStep(this.jax, spec) : new JaxStepByOps(this.jax, spec);
  }

  training(spec: TrainingSpec): Contender {
    return new JaxTraining(this.jax, spec);
  }

  close(): void {
    this.probe.gpu.destroy();
  }
}
