import { Device } from "../../../gpu/device.js";
import type { Contender, Engine } from "../../engine.js";
import { DeviceProbe } from "../../probe.js";
import type { KernelSpec } from "../../specs/kernels.js";
import type { OptimizerSpec } from "../../specs/optimizers.js";
import type { TrainingSpec } from "../../specs/training.js";
import { KilnKernel } from "./kernels.js";
import { KilnFusedStep, KilnStepByOps } from "./optimizers.js";
import { KilnTraining } from "./training.js";

export class KilnEngine implements Engine {
  readonly name = "kiln";
  readonly probe: DeviceProbe;

  constructor(
    readonly device: Device,
    readonly version: string,
    sleeps: boolean,
  ) {
    this.probe = new DeviceProbe(device.gpu, sleeps);
  }

  kernel(spec: KernelSpec): Contender {
    return new KilnKernel(this.device, spec);
  }

  optimizer(spec: OptimizerSpec): Contender {
    return spec.variant === "per op" ? new KilnStepByOps(this.device, spec) : new KilnFusedStep(this.device, spec);
  }

  training(spec: TrainingSpec): KilnTraining {
    return new KilnTraining(this.device, spec);
  }

  close(): void {
    this.device.close();
  }
}
