// How far a command that is no training has come.
import { SingleBar } from "cli-progress";

/** A bar on a terminal; nothing elsewhere. */
export class ProgressBar {
  private bar: SingleBar | null = null;
  private stage = "";

  update(stage: string, { done, total }: { done: number; total: number }, note = ""): void {
    if (process.stderr.isTTY !== true || process.env.TERM === "dumb") return;
    if (stage !== this.stage) {
      this.stop();
      this.stage = stage;
      this.bar = new SingleBar({ format: `${stage.padEnd(12)} {bar} {value}/{total}  {note}`, barsize: 30, hideCursor: true, clearOnComplete: true, stream: process.stderr, gracefulExit: false });
      this.bar.start(total, 0, { note: "" });
    }
    this.bar?.update(done, { note });
  }

  stop(): void {
    this.bar?.stop();
    this.bar = null;
    this.stage = "";
  }
}
