// The page: orders measurements from its worker, shows them as they come, and keeps them as files.
import { UsageError } from "../../errors.js";
import { escaped } from "../../plot/page.js";
import { htmlReport, suiteTable } from "../report/html.js";
import { rowFormat, toLine, type Environment, type Measurement } from "../row.js";
import { kernelGroups, suites } from "../suites/index.js";
import type { Message, Order } from "./messages.js";

const form = element("order", HTMLFormElement);
const suiteList = element("suites", HTMLElement);
const status = element("status", HTMLElement);
const tables = element("tables", HTMLElement);
const report = element("report", HTMLIFrameElement);
const start = element("start", HTMLButtonElement);
const downloads = element("downloads", HTMLElement);

let worker: Worker | null = null;
let rows: Measurement[] = [];
let environment: Environment | null = null;

for (const name of [...suites, ...kernelGroups]) suiteList.insertAdjacentHTML("beforeend", `<label><input type="checkbox" name="suite" value="${name}"> ${name}</label> `);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (worker) stop("stopped");
  else run();
});
element("save-json", HTMLButtonElement).addEventListener("click", () => save("kiln-bench.jsonl", lines(), "application/jsonl"));
element("save-html", HTMLButtonElement).addEventListener("click", () => save("kiln-bench.html", report.srcdoc, "text/html"));

function run(): void {
  const data = new FormData(form);
  const order: Order = { names: data.getAll("suite").map(String), isQuick: data.has("quick"), peers: data.has("peers"), filter: String(data.get("filter") ?? "") };
  [rows, environment] = [[], null];
  [tables.innerHTML, report.srcdoc, report.hidden, downloads.hidden] = ["", "", true, true];
  start.textContent = "Stop";
  document.body.dataset.state = "running";
  worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.onmessage = (event: MessageEvent<Message>) => void receive(event.data);
  worker.onerror = (event) => stop(`failed: ${event.message || "the worker could not be started"}`);
  worker.postMessage(order);
}

async function receive(message: Message): Promise<void> {
  if (message.kind === "environment") environment = message.environment;
  if (message.kind === "progress") status.textContent = message.text;
  if (message.kind === "failed") stop(`failed: ${message.message}`);
  if (message.kind === "measurement") {
    rows.push(message.measurement);
    show(message.measurement.suite);
  }
  if (message.kind === "done") {
    report.srcdoc = await htmlReport(rows, { environment: environment! });
    [tables.innerHTML, report.hidden, downloads.hidden] = ["", false, false];
    stop(`done: ${rows.length} measurements on ${environment!.adapter}`);
  }
}

/** The table of one suite, with what has come so far. */
function show(suite: string): void {
  const id = `suite-${suite}`;
  if (!document.getElementById(id)) tables.insertAdjacentHTML("beforeend", `<section id="${escaped(id)}"></section>`);
  document.getElementById(id)!.innerHTML = suiteTable(suite, rows.filter((row) => row.suite === suite));
}

function stop(text: string): void {
  worker?.terminate();
  worker = null;
  status.textContent = text;
  start.textContent = "Start";
  document.body.dataset.state = text.split(":")[0]!;
}

function lines(): string {
  return rows.map((row) => `${toLine({ format: rowFormat, ...row, environment: environment! })}\n`).join("");
}

function save(name: string, text: string, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function element<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new UsageError(`bench page: no ${type.name} with the id "${id}"`);
  return found;
}
