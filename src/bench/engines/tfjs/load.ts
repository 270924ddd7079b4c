// TensorFlow.js with its WebGPU backend, loaded on demand.
import { UsageError } from "../../../errors.js";

export type Tf = typeof import("@tensorflow/tfjs-core");
export type TfTensor = import("@tensorflow/tfjs-core").Tensor;

/** The version that the rows name; package.json pins it. */
export const tfVersion = "4.22.0";

/** What is used of the WebGPU backend beyond tfjs's own interface. */
export interface TfBackend {
  readonly device: GPUDevice;
  readonly commandEncoder: GPUCommandEncoder | null;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/** Sends what tfjs holds back until it has 15 dispatches, and waits until all has run. */
export async function finishTf(backend: TfBackend): Promise<void> {
  backend.endComputePassEncoder();
  if (backend.commandEncoder) backend.submitQueue();
  await backend.device.queue.onSubmittedWorkDone();
}

/** Must run after `navigator.gpu` is there: the backend looks for it when it is loaded. */
export async function importTf(): Promise<{ tf: Tf; backend: TfBackend }> {
  const tf = await importPackages();
  if (!(await tf.setBackend("webgpu"))) throw new UsageError("kiln bench --peers: TensorFlow.js refused its WebGPU backend");
  await tf.ready();
  return { tf, backend: tf.backend() as unknown as TfBackend };
}

async function importPackages(): Promise<Tf> {
  try {
    const tf = await import("@tensorflow/tfjs-core");
    // Not for its layers: it is what registers gradients.
    await import("@tensorflow/tfjs-layers");
    await import("@tensorflow/tfjs-backend-webgpu");
    return tf;
  } catch (error) {
    const packages = `@tensorflow/tfjs-core@${tfVersion} @tensorflow/tfjs-layers@${tfVersion} @tensorflow/tfjs-backend-webgpu@${tfVersion}`;
    throw new UsageError(`kiln bench --peers: needs TensorFlow.js, which is not installed; npm install ${packages}`, { cause: error });
  }
}
