export { profile, type KernelProfile, type Profile, type ProfiledDispatch, type ProfileOptions } from "./profile.js";
export { estimateMemory, type EstimatedBuffers, type MemoryEstimate } from "./memory_estimate.js";
export type { Peaks } from "./peaks.js";
export { profileTable } from "./table.js";
export { chromeTrace } from "./trace.js";
