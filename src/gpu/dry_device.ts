// A device that only counts: everything is checked and accounted for as on a real one, nothing is allocated or computed.
import { UsageError } from "../errors.js";
import { Device } from "./device.js";

export interface DryAllocation {
  label: string;
  bytes: number;
}

/** Takes the place of `device` to find out what a program would ask of it. Reading back is refused. */
export class DryDevice extends Device {
  override readonly isDry = true;
  /** The pool's buffers, reused ones once, with what they were made for. */
  readonly allocations: readonly DryAllocation[];
  /** What was asked for at most at once. */
  readonly largest: Readonly<DryAllocation>;

  constructor(real: Device) {
    const allocations: DryAllocation[] = [];
    const largest: DryAllocation = { label: "nothing", bytes: 0 };
    super(dryGpu(real.gpu), { info: { description: real.adapter.name }, features: real.features } as unknown as GPUAdapter, {
      adapter: real.adapter,
      // Every size is allowed here: who asks wants to know them all.
      maxTensorBytes: Infinity,
      poolObserver: ({ label, bytes, created_bytes }) => {
        if (created_bytes > 0) allocations.push({ label, bytes: created_bytes });
        if (bytes > largest.bytes) Object.assign(largest, { label, bytes });
      },
    });
    this.allocations = allocations;
    this.largest = largest;
  }

  override read(): Promise<ArrayBuffer> {
    return Promise.reject(new UsageError("device: memory is read back on a dry device, which computes nothing; leave the read out of the estimate"));
  }

  override sync(): Promise<void> {
    return Promise.resolve();
  }
}

/** What Kiln uses of a GPUDevice, doing nothing. */
function dryGpu({ features, limits }: GPUDevice): GPUDevice {
  const nothing = () => {};
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing };
  const encoder = { beginComputePass: () => pass, copyBufferToBuffer: nothing, clearBuffer: nothing, finish: () => ({}) };
  const gpu = {
    features,
    limits,
    lost: new Promise(() => {}),
    addEventListener: nothing,
    destroy: nothing,
    createBuffer: () => ({ destroy: nothing }),
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
