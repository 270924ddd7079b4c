export { capture, type CapturedStep, type CaptureReport, type TextTensors } from "./capture.js";
export type { FeedFor, HostArray } from "./feed.js";
