// What a training process says of itself.
export type ProcessEngine = "kiln" | "jax-js" | "tfjs" | "jax-js wasm";

export interface MemorySample {
  step: number;
  /** GPU buffers created so far. */
  buffers: number;
  /** GPU memory held, in use or for reuse. */
  bytes: number;
  /** Resident bytes of the process. */
  rss: number;
}

export interface ChildReport {
  /** Date.now() when the first training step was done. */
  firstStepAt: number;
  /** Highest resident bytes. */
  peakRss: number;
  /** Milliseconds of each step but the first. */
  stepTimes: number[];
  /** Evenly spread over the run. */
  samples: MemorySample[];
  /** Of the last step. */
  loss: number;
}
