// In place of the worker that trains: the real tools on the real device, without runs or storage.
import { expose } from "comlink";
import { openDevice } from "../../src/gpu/open_device.js";
import type { Device } from "../../src/gpu/device.js";
import { dataOf } from "../../src/recipe/model_of.js";
import type { TrainSettings } from "../../src/recipe/settings.js";
import type { AdviceResult, DeviceInfo, Estimate, Progress, RangeTestResult, StudioEvent } from "../../src/studio/protocol.js";
import { adviseSchedule, testRange, type ToolWork } from "../../src/studio/worker/tools.js";

let device: Device;
let controller: AbortController;

async function work(settings: TrainSettings, onProgress: Progress): Promise<ToolWork> {
  controller = new AbortController();
  return { device, settings, data: await dataOf("", settings, null), signal: controller.signal, onProgress };
}

const api = {
  async open(_listener: (event: StudioEvent) => void): Promise<DeviceInfo> {
    device = await openDevice();
    return { adapter: device.adapter, features: [], limits: { maxBufferSize: 0, maxStorageBufferBindingSize: 0 } };
  },
  estimate: async (): Promise<Estimate> => ({ parameters: 0, vocabulary: 0, trainTokens: 0, validationTokens: 0, memory: { total: 0, parameters: 0, gradients: 0, optimizer: 0, activations: 0, largestBuffer: 0 }, wontFit: null }),
  rangeTest: async (settings: TrainSettings, _: string | null, onProgress: Progress): Promise<RangeTestResult> => testRange(await work(settings, onProgress)),
  advise: async (settings: TrainSettings, _: string | null, onProgress: Progress): Promise<AdviceResult> => adviseSchedule(await work(settings, onProgress)),
  cancelTool: () => controller.abort(),
  sharpnessEvery: () => {},
};

expose(api);
