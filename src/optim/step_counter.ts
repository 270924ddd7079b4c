/**
 * What the host knows of the step counter that lives on the GPU. A step whose gradient is not finite is skipped
 * there and then, so between two reads the host has bounds: no step was taken, or all of them were.
 */
export class StepCounter {
  /** Steps launched since this optimizer was made or loaded. */
  private launched = 0;
  private known = 0;
  private knownAt = 0;

  get lowest(): number {
    return this.known;
  }

  get highest(): number {
    return this.known + this.launched - this.knownAt;
  }

  /** A mark for `learn`: take it where the read is queued. */
  get now(): number {
    return this.launched;
  }

  launch(): void {
    this.launched++;
  }

  /** The counter's value after the first `mark` launches. Reads may arrive out of order. */
  learn(step: number, mark: number): void {
    if (mark < this.knownAt) return;
    this.known = step;
    this.knownAt = mark;
  }

  /** Starts again between two bounds. Reads still under way are older than them. */
  reset(lowest: number, highest = lowest): void {
    this.known = lowest;
    this.knownAt = this.launched + 1;
    this.launched = this.knownAt + (highest - lowest);
  }
}
