// What a run tells while it trains: to the terminal, to its metrics file, and at the end in a summary.
import { MetricsFile } from "../node/metrics_file.js";
import type { StepMetrics, ValidationMetrics } from "../train/index.js";
import { makeReporter, type Reporter, type ReporterOptions } from "./reporter.js";

export class RunLog {
  private metricsFile: MetricsFile;
  private readonly reporter: Reporter;
  private steps: Pick<StepMetrics, "step" | "loss" | "clipped" | "skipped">[] = [];
  private readonly started = performance.now();
  private isClosed = false;

  /** Throws UsageError where the metrics file cannot be made, or is another run's. */
  constructor(
    private readonly metricsPath: string,
    isResumed: boolean,
    private readonly options: ReporterOptions,
  ) {
    this.metricsFile = new MetricsFile(metricsPath, isResumed ? options.startStep : null);
    this.reporter = makeReporter(options);
  }

  step(metrics: StepMetrics): void {
    const { step, loss, clipped, skipped } = metrics;
    this.steps.push({ step, loss, clipped, skipped });
    this.metricsFile.add(metrics);
    this.reporter.step(metrics);
  }

  validation(metrics: ValidationMetrics): void {
    this.metricsFile.add(metrics);
    this.reporter.validation(metrics);
  }

  say(line: string): void {
    this.reporter.say(line);
  }

  flush(): void {
    this.metricsFile.flush();
  }

  /** The run goes on from an earlier step: what came after it will be told again. Null for where the run began. */
  rewind(step: number | null): void {
    this.metricsFile.flush();
    // A new run validates before its first step, and will do so again.
    const last = step ?? (this.options.startStep === 0 ? -1 : this.options.startStep);
    this.metricsFile = new MetricsFile(this.metricsPath, last);
    this.steps = this.steps.filter((row) => row.step <= last);
  }

  /** Of the run as it stands in the metrics file. */
  get summary(): { losses: number[]; clipped: number; skipped: number; seconds: number } {
    const count = (flag: "clipped" | "skipped") => this.steps.filter((row) => row[flag]).length;
    return { losses: this.steps.map(({ loss }) => loss), clipped: count("clipped"), skipped: count("skipped"), seconds: (performance.now() - this.started) / 1000 };
  }

  /** Harmless to call twice. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.metricsFile.flush();
    this.reporter.stop();
  }
}
