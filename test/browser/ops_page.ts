// What the op suite runs inside the page.
import { openDevice, type Device } from "../../src/index.js";
import { digestCases, valuesOfCase } from "../support/case_results.js";

let device: Promise<Device> | null = null;
const opened = () => (device ??= openDevice());

const ops = {
  async adapter() {
    const { name, class: kind } = (await opened()).adapter;
    return { name, kind };
  },
  digests: async (file: string) => digestCases(await opened(), file),
  values: async (file: string, position: number) => valuesOfCase(await opened(), file, position),
  memory: async () => (await opened()).memory().liveBytes,
};

export type OpsPage = typeof ops;
Object.assign(globalThis, { kilnOps: ops });
