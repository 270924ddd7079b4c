// One recording of a captured function, for inputs of one signature, and its replays.
import type { Device } from "../gpu/device.js";
import { Plan } from "../gpu/plan.js";
import { PlanMemory } from "../gpu/plan_memory.js";
import { Recording } from "../gpu/recording.js";
import { scope, unscoped } from "../tensor/scope.js";
import { Tracker } from "../tensor/tracker.js";
import { Inputs, type leavesOf } from "./inputs.js";
import { Outputs } from "./outputs.js";

export type Leaves = ReturnType<typeof leavesOf>;

export class RecordedStep {
  private readonly inputs: Inputs;
  private readonly outputs: Outputs;
  private readonly tracker = new Tracker();
  private readonly plan: Plan;
  /** The function itself was the host's share of the first run. */
  private isFirst = true;

  constructor(
    private readonly device: Device,
    leaves: Leaves,
    fn: (inputs: unknown) => unknown,
  ) {
    const recording = new Recording(new PlanMemory(device.pool));
    this.inputs = unscoped(() => new Inputs(device, leaves));
    try {
      this.outputs = device.queue.record(recording, () =>
        this.tracker.watch(() => {
          const result = scope(() => fn(this.inputs.open()));
          return new Outputs(result, (tensor) => this.tracker.hasMade(tensor));
        }),
      );
      this.plan = new Plan(device, recording);
    } catch (error) {
      this.inputs.dispose();
      recording.abandon();
      throw error;
    }
  }

  /** Whether a replay would do what the function would do now. */
  get holds(): boolean {
    return this.tracker.holds();
  }

  get report(): { dispatches: number; size_bytes: number } {
    return { dispatches: this.plan.dispatches, size_bytes: this.plan.size_bytes };
  }

  run(leaves: Leaves): unknown {
    const { queue } = this.device;
    if (!this.isFirst) {
      this.tracker.drawAgain();
      this.plan.prepare();
    }
    this.isFirst = false;
    this.inputs.write(leaves);
    queue.play(this.plan);
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
    this.plan.dispose();
  }
}
