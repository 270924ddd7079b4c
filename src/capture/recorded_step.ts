// One recording of a captured function, for inputs of one signature, and its replays.
import type { Device } from "../gpu/device.js";
import { Plan } from "../gpu/plan.js";
import { PlanMemory } from "../gpu/plan_memory.js";
import { Recording } from "../gpu/recording.js";
import { scope, unscoped } from "../tensor/scope.js";
import { Tracker } from "../tensor/tracker.js";
import type { Leaf } from "./feed.js";
import { Inputs } from "./inputs.js";
import { Outputs } from "./outputs.js";

export class RecordedStep {
  private readonly inputs: Inputs;
  private readonly outputs: Outputs;
  private readonly tracker: Tracker;
  private readonly plan: Plan;
  /** The function itself was the host's share of the first run. */
  private isFirst = true;

  constructor(
    private readonly device: Device,
    leaves: readonly Leaf[],
    fn: (inputs: unknown) => unknown,
  ) {
    const recording = new Recording(new PlanMemory(device.pool));
    this.tracker = new Tracker(device);
    this.inputs = unscoped(() => new Inputs(device, leaves));
    try {
      this.outputs = device.queue.record(recording, () =>
        this.tracker.watch(() => {
          const result = scope(() => fn(this.inputs.open()));
          this.tracker.hold();
          return new Outputs(result, (tensor) => this.tracker.hasMade(tensor));
        }),
      );
      this.plan = new Plan(device, recording);
    } catch (error) {
      this.tracker.undo();
      this.inputs.dispose();
      recording.abandon();
      throw error;
    }
  }

  /** Whether a replay would do what the function would do now. */
  get holds(): boolean {
    return this.tracker.holds();
  }

  /** Whether no replay can come any more. */
  get isOver(): boolean {
    return this.tracker.isOver;
  }

  get report(): { dispatches: number; size_bytes: number } {
    return { dispatches: this.plan.dispatches, size_bytes: this.plan.size_bytes };
  }

  /** Puts the values of the coming run into place. They may be the results of the one before. */
  feed(leaves: readonly Leaf[]): void {
    this.inputs.write(leaves);
  }

  run(): unknown {
    if (!this.isFirst) {
      this.tracker.drawAgain();
      this.plan.prepare();
    }
    this.isFirst = false;
    this.device.queue.play(this.plan);
    this.tracker.restoreGradients();
    return this.outputs.open();
  }

  /** Ends the results of the call before. */
  closeResults(): void {
    this.outputs.close();
  }

  dispose(): void {
    this.inputs.dispose();
    this.outputs.dispose();
    this.tracker.release();
    this.plan.dispose();
  }
}
