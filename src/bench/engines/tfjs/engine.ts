import type { Contender, Engine } from "../../engine.js";
import { DeviceProbe } from "../../probe.js";
import type { KernelSpec } from "../../specs/kernels.js";
import type { OptimizerSpec } from "../../specs/optimizers.js";
import type { TrainingSpec } from "../../specs/training.js";
import { TfKernel } from "./kernels.js";
import { importTf, tfVersion, type Tf, type TfBackend } from "./load.js";
import { TfStep } from "./optimizers.js";
import { TfTraining } from "./training.js";

export class TfEngine implements Engine {
  readonly name = "tfjs";
  readonly version = tfVersion;
  readonly probe: DeviceProbe;

  private constructor(
    private readonly tf: Tf,
    private readonly backend: TfBackend,
    sleeps: boolean,
  ) {
    this.probe = new DeviceProbe(backend.device, sleeps);
  }

  /** Takes its device from `navigator.gpu`. */
  static async open(sleeps: boolean): Promise<TfEngine> {
    const { tf, backend } = await importTf();
    return new TfEngine(tf, backend, sleeps);
  }

  kernel(spec: KernelSpec): Contender {
    return new TfKernel(this.tf, this.backend, spec);
  }

  optimizer(spec: OptimizerSpec): Contender | null {
    return spec.variant === "fused" ? new TfStep(this.tf, this.backend, spec) : null;
  }

  training(spec: TrainingSpec): Contender {
    return new TfTraining(this.tf, this.backend, spec);
  }

  close(): void {
    this.probe.gpu.destroy();
  }
}
