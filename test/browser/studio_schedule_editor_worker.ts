// In place of the worker that trains: keeps what it was asked to change.
import { expose } from "comlink";
import type { LiveChange } from "../../src/studio/protocol.js";

const changes: LiveChange[] = [];

const api = {
  change: (change: LiveChange) => void changes.push(change),
  changes: () => changes,
};

export type EditorWorker = typeof api;
expose(api);
