import type { RunStatus } from "../protocol.js";

/** How a run's status is called on the page. */
export const statusWords: Readonly<Record<RunStatus, string>> = {
  new: "not started",
  running: "training",
  paused: "paused",
  stopped: "stopped",
  interrupted: "interrupted",
  done: "done",
  failed: "failed",
};
