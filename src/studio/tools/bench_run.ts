// A run of the benchmarks in their own worker, which loads only when it is asked for.
import { signal } from "@preact/signals";
import type { Message, Order } from "../../bench/page/messages.js";
import type { Environment, Measurement } from "../../bench/row.js";
import { worker as trainer } from "../client.js";
import { training } from "../state/runs.js";

export interface BenchChart {
  title: string;
  /** Of an SVG document: an image, because the page's policy allows no style in what it shows itself. */
  url: string;
}

export interface BenchReport {
  html: string;
  lines: string;
  charts: BenchChart[];
}

export const benchStatus = signal<{ state: "idle" | "running" | "done" | "stopped" | "failed"; text: string }>({ state: "idle", text: "" });
export const benchRows = signal<readonly Measurement[]>([]);
export const benchEnvironment = signal<Environment | null>(null);
export const benchReport = signal<BenchReport | null>(null);

let worker: Worker | null = null;

/** Pauses the run that trains: each would spoil the other's times. */
export async function startBench(order: Omit<Order, "peers">): Promise<void> {
  if (worker) return;
  forget();
  benchStatus.value = { state: "running", text: "Starting" };
  try {
    if (training.value) await trainer.pause();
  } catch (error) {
    return end("failed", error instanceof Error ? error.message : String(error));
  }
  // Stopped while it waited.
  if (benchStatus.value.state !== "running") return;
  worker = new Worker(new URL("bench_worker.js", document.baseURI), { type: "module", name: "kiln bench" });
  worker.onmessage = ({ data }: MessageEvent<Message>) => receive(data);
  worker.onerror = (event) => end("failed", event.message || "the worker of the benchmarks could not be started");
  worker.postMessage({ ...order, peers: false } satisfies Order);
}

export function stopBench(): void {
  end("stopped", `Stopped after ${benchRows.value.length} measurements.`);
}

function receive(message: Message): void {
  switch (message.kind) {
    case "environment":
      benchEnvironment.value = message.environment;
      return;
    case "progress":
      benchStatus.value = { state: "running", text: message.text };
      return;
    case "measurement":
      benchRows.value = [...benchRows.value, message.measurement];
      return;
    case "report":
      benchReport.value = { html: message.html, lines: message.lines, charts: message.charts.map(({ title, svg }) => ({ title, url: URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" })) })) };
      return;
    case "done":
      return end("done", `Done: ${benchRows.value.length} measurements on ${benchEnvironment.value?.adapter ?? "this device"}.`);
    case "failed":
      return end("failed", message.message);
  }
}

function end(state: "done" | "stopped" | "failed", text: string): void {
  worker?.terminate();
  worker = null;
  benchStatus.value = { state, text };
}

function forget(): void {
  for (const { url } of benchReport.value?.charts ?? []) URL.revokeObjectURL(url);
  [benchRows.value, benchEnvironment.value, benchReport.value] = [[], null, null];
}
