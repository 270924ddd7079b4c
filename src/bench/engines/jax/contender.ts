// One jitted function of jax-js as a contender.
import type { Contender } from "../../engine.js";
import type { Jax, JaxArray } from "./load.js";

/** Runs `fn` on the same inputs again and again. jax-js owns by reference counts: an argument is used up, `.ref` keeps it. */
export class JaxContender implements Contender {
  private readonly queued: JaxArray[][] = [];
  private last: JaxArray[] = [];

  constructor(
    private readonly jax: Jax,
    private readonly fn: (...inputs: JaxArray[]) => JaxArray[],
    private readonly inputs: readonly JaxArray[],
    /** From jax-js's layout to the one that engines share. */
    private readonly readable: (data: Float32Array) => Float32Array = (data) => data,
  ) {}

  run(): void {
    this.queued.push(this.fn(...this.inputs.map((input) => input.ref)));
  }

  async finished(): Promise<void> {
    // Work is lazy: waiting for one output submits the whole jitted call.
    await this.jax.blockUntilReady(this.queued.map((outputs) => outputs[0]!));
    while (this.queued.length > 0) {
      for (const output of this.last) output.dispose();
      this.last = this.queued.shift()!;
    }
  }

  outputs(): Promise<Float32Array[]> {
    return Promise.all(this.last.map(async (output) => this.readable(Float32Array.from((await output.ref.data()) as Float32Array))));
  }

  dispose(): void {
    for (const array of [...this.queued.flat(), ...this.last, ...this.inputs]) array.dispose();
  }
}
