// Every op, one export line a file.
export * from "./creation.js";
export { softmax } from "./softmax.js";
