import type { Device } from "../gpu/device.js";
import { Timestamps, type TimedDispatch } from "../gpu/timestamps.js";

/** Runs `fn`, with every dispatch that it launches in a pass of its own, and gives their times. */
export async function timeDispatches(device: Device, fn: () => void): Promise<TimedDispatch[]> {
  const { queue } = device;
  const timestamps = new Timestamps(device.gpu);
  queue.flush();
  queue.observer = timestamps;
  try {
    fn();
  } catch (error) {
    queue.flush();
    timestamps.dispose();
    throw error;
  } finally {
    queue.observer = null;
  }
  queue.flush();
  return timestamps.read();
}
