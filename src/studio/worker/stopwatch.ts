/** Seconds of training, without the time in which it stands still. */
export class Stopwatch {
  private startedAt: number | null = null;

  constructor(private before: number) {}

  get seconds(): number {
    return this.before + (this.startedAt === null ? 0 : (performance.now() - this.startedAt) / 1000);
  }

  start(): void {
    this.startedAt ??= performance.now();
  }

  stop(): void {
    this.before = this.seconds;
    this.startedAt = null;
  }
}
