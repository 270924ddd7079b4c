// The public surface in Node: the same as in a page, with what Node alone has.
export * from "./index.js";
export { openDevice, type AdapterChoice, type OpenDeviceOptions, type UnsafeFeature } from "./node/open_device.js";
export { loadCheckpoint, saveCheckpoint } from "./node/checkpoint_file.js";
export { mobyDick } from "./node/moby_dick.js";
