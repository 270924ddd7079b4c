// Between two steps: where a run stands still while it is paused, and where whoever asks may look at its model.

type Job = () => Promise<void>;

export class Gate {
  private jobs: Job[] = [];
  private paused = false;
  private closed = false;
  private wake: (() => void) | null = null;
  /** Resolves waiting `pause` calls once the run stands still. */
  private standing: (() => void)[] = [];
  private stands = false;

  /** Whether there is something to do between the steps. */
  get isNeeded(): boolean {
    return this.jobs.length > 0 || this.paused;
  }

  get isPaused(): boolean {
    return this.paused;
  }

  /** Resolves once nothing trains. */
  pause(): Promise<void> {
    this.paused = true;
    return this.stands || this.closed ? Promise.resolve() : new Promise((resolve) => this.standing.push(resolve));
  }

  play(): void {
    this.paused = false;
    this.wake?.();
  }

  /** Runs `job` between two steps; at once where the run stands still or is over. */
  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.closed) return job();
    return new Promise<T>((resolve, reject) => {
      this.jobs.push(() => job().then(resolve, reject));
      this.wake?.();
    });
  }

  /** For the run, with nothing in flight: does the jobs, and waits where it is paused. `onPause` is called before it stands still. */
  async pass(onPause: () => Promise<void>): Promise<void> {
    await this.work();
    if (!this.paused) return;
    await onPause();
    this.stands = true;
    for (const resolve of this.standing.splice(0)) resolve();
    while (this.paused) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        if (this.jobs.length > 0) resolve();
      });
      this.wake = null;
      await this.work();
    }
    this.stands = false;
  }

  /** The run is over: what waits is done now, and what comes later at once. */
  async close(): Promise<void> {
    this.closed = true;
    for (const resolve of this.standing.splice(0)) resolve();
    await this.work();
  }

  private async work(): Promise<void> {
    for (let job = this.jobs.shift(); job; job = this.jobs.shift()) await job();
  }
}
