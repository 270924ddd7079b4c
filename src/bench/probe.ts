// Stands between an engine and its GPUDevice: counts what the engine asks for, and lets it sleep before it waits.

/** Calls on a device. */
export interface GpuCalls {
  dispatches: number;
  submits: number;
  /** Compute pipelines created. */
  pipelines: number;
  /** Buffers created. */
  buffers: number;
  bindGroups: number;
  /** Host writes to buffers. */
  writes: number;
  /** Buffers mapped for reading. */
  readbacks: number;
}

type Methods = Record<string, (...args: unknown[]) => unknown>;

const mapRead = 1;
/** Timers are a millisecond late. */
const shortestSleep_ms = 3;

export class DeviceProbe {
  /** performance.now() until when a wait for the GPU sleeps first. Dawn's Node binding polls while a promise is pending, and takes a core from a software adapter. */
  wake_ms = 0;
  /** performance.now() when the last sleep ended. */
  awoke_ms = 0;

  /** `sleeps` where waiting costs the GPU: in Node on a software adapter. */
  constructor(
    readonly gpu: GPUDevice,
    sleeps: boolean,
  ) {
    if (sleeps) this.sleepBeforeWaits();
  }

  /** Resolves when all submitted work has run. */
  async idle(): Promise<void> {
    await this.gpu.queue.onSubmittedWorkDone();
  }

  /** What `work` asks of the device. Slower than without: never time it. */
  async count(work: () => Promise<void>): Promise<GpuCalls> {
    const calls: GpuCalls = { dispatches: 0, submits: 0, pipelines: 0, buffers: 0, bindGroups: 0, writes: 0, readbacks: 0 };
    const { gpu } = this;
    const restore = [
      wrap(gpu, "createComputePipeline", () => calls.pipelines++),
      wrap(gpu, "createComputePipelineAsync", () => calls.pipelines++),
      wrap(gpu, "createBindGroup", () => calls.bindGroups++),
      wrap(gpu, "createBuffer", () => calls.buffers++, (buffer) => wrap(buffer, "mapAsync", () => calls.readbacks++)),
      wrap(gpu, "createCommandEncoder", () => {}, (encoder) =>
        wrap(encoder, "beginComputePass", () => {}, (pass) => {
          wrap(pass, "dispatchWorkgroups", () => calls.dispatches++);
          wrap(pass, "dispatchWorkgroupsIndirect", () => calls.dispatches++);
        }),
      ),
      wrap(gpu.queue, "submit", () => calls.submits++),
      wrap(gpu.queue, "writeBuffer", () => calls.writes++),
    ];
    try {
      await work();
    } finally {
      for (const undo of restore) undo();
    }
    return calls;
  }

  private sleepBeforeWaits(): void {
    wrapAsync(this.gpu.queue, "onSubmittedWorkDone", () => this.sleep());
    wrap(this.gpu, "createBuffer", () => {}, (buffer) => {
      if (((buffer as GPUBuffer).usage & mapRead) !== 0) wrapAsync(buffer, "mapAsync", () => this.sleep());
    });
  }

  private async sleep(): Promise<void> {
    const left_ms = this.wake_ms - performance.now();
    if (left_ms < shortestSleep_ms) return;
    await new Promise((resolve) => setTimeout(resolve, left_ms));
    this.awoke_ms = performance.now();
  }
}

/** Replaces a method of one object; the returned function puts it back. */
function wrap(target: object, method: string, before: () => void, after: (result: object) => unknown = () => {}): () => void {
  const methods = target as Methods;
  const own = Object.hasOwn(methods, method) ? methods[method]! : null;
  const original = methods[method]!.bind(target);
  methods[method] = (...args) => {
    before();
    const result = original(...args);
    after(result as object);
    return result;
  };
  return () => {
    if (own) methods[method] = own;
    else delete methods[method];
  };
}

function wrapAsync(target: object, method: string, before: () => Promise<void>): void {
  const methods = target as Methods;
  const original = methods[method]!.bind(target);
  methods[method] = async (...args) => {
    await before();
    return original(...args);
  };
}
