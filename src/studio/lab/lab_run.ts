// The lab's worker and what it told, as signals. It loads only when the lab is opened.
import { signal } from "@preact/signals";
import { worker as trainer } from "../client.js";
import { training } from "../state/runs.js";
import type { Entry, Message, Order, OutcomeText } from "./messages.js";

/** As in the messages, with charts as images: the page's policy allows no style in what it shows itself. */
export type Shown = Omit<OutcomeText, "charts"> & { charts: readonly { title: string; url: string }[] };

export const entries = signal<readonly Entry[] | null>(null);
export const labStatus = signal<{ state: "closed" | "loading" | "idle" | "running" | "failed"; text: string }>({ state: "closed", text: "" });
/** Of the experiment that runs. */
export const labProgress = signal<Extract<Message, { kind: "progress" }> | null>(null);
export const outcomes = signal<ReadonlyMap<string, Shown>>(new Map());
export const skippedHere = signal<ReadonlyMap<string, string>>(new Map());
export const onSoftware = signal(false);
/** HTML of the last whole run. */
export const labReportHtml = signal<string | null>(null);

let worker: Worker | null = null;

/** Loads the experiments and what runs them. */
export function openLab(): void {
  if (worker) return;
  labStatus.value = { state: "loading", text: "Loading" };
  worker = new Worker(new URL("lab_worker.js", document.baseURI), { type: "module", name: "kiln lab" });
  worker.onmessage = ({ data }: MessageEvent<Message>) => receive(data);
  worker.onerror = (event) => end("failed", event.message || "the lab's worker could not be started");
}

/** Pauses the run that trains: each would slow the other down. */
export async function startLab(order: Order): Promise<void> {
  if (training.value) await trainer.pause();
  if (!worker) openLab();
  labReportHtml.value = null;
  labStatus.value = { state: "running", text: "Starting" };
  worker!.postMessage(order);
}

/** What was measured is kept: the same experiment goes on from there. */
export function stopLab(): void {
  end("idle", "Stopped. What was measured is kept, but for the last two seconds: the same experiment goes on from there.");
}

function receive(message: Message): void {
  switch (message.kind) {
    case "experiments":
      entries.value = message.entries;
      if (labStatus.value.state === "loading") labStatus.value = { state: "idle", text: "" };
      return;
    case "adapter":
      onSoftware.value = message.software;
      labStatus.value = { state: "running", text: `On ${message.name}` };
      return;
    case "progress":
      labProgress.value = message;
      return;
    case "outcome":
      return show(message.outcome);
    case "skipped":
      skippedHere.value = new Map(skippedHere.value).set(message.name, message.reason);
      return;
    case "report":
      labReportHtml.value = message.html;
      return;
    case "done":
      labProgress.value = null;
      labStatus.value = { state: "idle", text: "Done." };
      return;
    case "failed":
      return end("failed", message.message);
  }
}

function show(outcome: OutcomeText): void {
  for (const { url } of outcomes.value.get(outcome.name)?.charts ?? []) URL.revokeObjectURL(url);
  const charts = outcome.charts.map(({ title, svg }) => ({ title, url: URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" })) }));
  outcomes.value = new Map(outcomes.value).set(outcome.name, { ...outcome, charts });
}

function end(state: "idle" | "failed", text: string): void {
  worker?.terminate();
  worker = null;
  labProgress.value = null;
  labStatus.value = { state, text };
}
