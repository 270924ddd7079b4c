// A device that only counts: everything is checked and accounted for as on a real one, nothing is allocated or computed.
import { UsageError } from "../errors.js";
import { Device } from "./device.js";

/** A buffer that a dry device was asked for. */
export interface DryAllocation {
  label: string;
  bytes: number;
}

/** Takes the place of `device` to find out what a program would ask of it. Reading back is refused. */
export class DryDevice extends Device {
  override readonly isDry = true;
  /** The buffers asked for, reused ones once. */
  readonly allocations: readonly DryAllocation[];

  constructor(real: Device) {
    const allocations: DryAllocation[] = [];
    super(dryGpu(real.gpu, allocations), { info: { description: real.adapter.name }, features: real.features } as unknown as GPUAdapter, {
      adapter: real.adapter,
      // Every size is allowed here: who asks wants to know them all.
      maxTensorBytes: Infinity,
    });
    this.allocations = allocations;
  }

  override read(): Promise<ArrayBuffer> {
    return Promise.reject(new UsageError("device: memory is read back on a dry device, which computes nothing; leave the read out of the estimate"));
  }

  override sync(): Promise<void> {
    return Promise.resolve();
  }
}

/** What Kiln uses of a GPUDevice, doing nothing. */
function dryGpu({ features, limits }: GPUDevice, allocations: DryAllocation[]): GPUDevice {
  const nothing = () => {};
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing };
  const encoder = { beginComputePass: () => pass, copyBufferToBuffer: nothing, clearBuffer: nothing, finish: () => ({}) };
  const gpu = {
    features,
    limits,
    lost: new Promise(() => {}),
    addEventListener: nothing,
    destroy: nothing,
    createBuffer: ({ label = "", size }: GPUBufferDescriptor) => {
      allocations.push({ label, bytes: size });
      return { destroy: nothing };
    },
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createShaderModule: () => ({}),
    createComputePipeline: () => ({}),
    createBindGroup: () => ({}),
    createCommandEncoder: () => encoder,
    queue: { writeBuffer: nothing, submit: nothing, onSubmittedWorkDone: () => Promise.resolve() },
  };
  return gpu as unknown as GPUDevice;
}
