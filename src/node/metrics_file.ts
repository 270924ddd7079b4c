import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "../errors.js";
import { linesUpTo, metricsLine, type StepMetrics, type ValidationMetrics } from "../train/index.js";
import { makeFolder, reason, writeFileAtomic } from "./files.js";

/** A run's metrics as JSON lines, written in batches so that a fast run does not wait for the disk. */
export class MetricsFile {
  private pending = "";
  private lines = 0;

  /**
   * A new file, or with `resumeAt` the existing one without the rows past that step, which will be made again.
   *
   * Throws: UsageError if a new run's file exists, or the existing one holds something else than metrics: nothing is
   * overwritten.
   */
  constructor(
    private readonly path: string,
    resumeAt: number | null,
  ) {
    if (existsSync(path)) {
      if (resumeAt === null) throw new UsageError(`--metrics: the file exists, got ${path}; name another one`);
      const kept = linesUpTo(readFileSync(path, "utf8"), resumeAt);
      if (kept === null) throw new UsageError(`--metrics: holds something else than metrics, got ${path}; name another file`);
      writeFileAtomic(path, kept);
      return;
    }
    this.attempt(() => {
      makeFolder(dirname(path));
      // Claims the run's folder: of two runs started at once, the second fails here.
      writeFileSync(path, "", { flag: "wx" });
    });
  }

  add(metrics: StepMetrics | ValidationMetrics): void {
    this.pending += metricsLine(metrics);
    if (++this.lines % 20 === 0) this.flush();
  }

  flush(): void {
    if (this.pending === "") return;
    this.attempt(() => appendFileSync(this.path, this.pending));
    this.pending = "";
  }

  private attempt(write: () => void): void {
    try {
      write();
    } catch (cause) {
      throw new UsageError(`--metrics: cannot write ${this.path}, got ${reason(cause)}; choose another file`, { cause });
    }
  }
}
