// Runs beside each other in the real page: clones, sweeps, files, and checkpoints that go on elsewhere to the same bits.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Download, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { planNewRun, planResumedRun } from "../../src/cli/train_plan.js";
import { decodeSafetensors } from "../../src/io/safetensors.js";
import { openDevice } from "../../src/node/open_device.js";
import { partsOf } from "../../src/recipe/parts_of.js";
import { presets } from "../../src/recipe/presets.js";
import { stateOf as stateOfRun, type RunPlan } from "../../src/recipe/run_plan.js";
import type { TrainSettings } from "../../src/recipe/settings.js";
import { encodeCheckpoint, train } from "../../src/train/index.js";
import { launchBrowser } from "../support/browser.js";
import { openStudio, serveStudio, untilSays, untilStep, type ServedStudio, type StudioPage } from "../support/studio.js";

let studio: ServedStudio;
let browser: Browser;
let folder: string;
const open: StudioPage[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "kiln-compare-"));
  [studio, browser] = await Promise.all([serveStudio(), launchBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  studio?.close();
  rmSync(folder, { recursive: true, force: true });
});

const tiny = { layers: 1, heads: 2, width: 16, block: 16, batch: 4, evalBatches: 2, evalEvery: 10, checkpointEvery: 10 } as const;

async function openPage(more: Partial<TrainSettings> = {}, options = {}): Promise<Page> {
  const hash = new URLSearchParams(Object.entries({ ...tiny, ...more }).map(([name, value]) => [name, String(value)]));
  const opened = await openStudio(browser, `${studio.url}#${hash.toString()}`, options);
  open.push(opened);
  await opened.page.getByText("Ready. Press Start.").waitFor({ timeout: 60_000 });
  await opened.page.getByRole("tab", { name: "Runs" }).click();
  return opened.page;
}

const button = (page: Page | Locator, name: string) => page.getByRole("button", { name, exact: true });
const runsTable = (page: Page) => page.getByRole("region", { name: "Table of runs" });
const rowOf = (page: Page, name: string) => runsTable(page).getByRole("row").filter({ has: button(page, name) });

async function saved(page: Page, press: () => Promise<void>): Promise<{ name: string; path: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent("download", { timeout: 60_000 }) as Promise<Download>, press()]);
  const path = join(folder, download.suggestedFilename());
  await download.saveAs(path);
  return { name: download.suggestedFilename(), path, bytes: readFileSync(path) };
}

/** Trains a plan in Node on the driver that Chromium has, and gives the checkpoints by their step. */
async function trainInNode(plan: RunPlan): Promise<Map<number, Uint8Array>> {
  const device = await openDevice({ adapter: "swiftshader" });
  const checkpoints = new Map<number, Uint8Array>();
  try {
    const { model, optimizer } = partsOf(device, plan);
    const { settings, data, checkpoint } = plan;
    await train({
      device, model, optimizer, data, steps: settings.steps, startStep: checkpoint?.state.step ?? 0, evalEvery: settings.evalEvery, evalBatches: settings.evalBatches,
      checkpointEvery: settings.checkpointEvery, bestValidationLoss: checkpoint?.state.bestValidationLoss ?? null,
      onCheckpoint: async ({ step, bestValidationLoss }) => void checkpoints.set(step, await encodeCheckpoint(model, optimizer, stateOfRun(plan, model, step, bestValidationLoss))),
    });
  } finally {
    device.close();
  }
  return checkpoints;
}

/** Every bit of the tensors, and all else that decides how the run goes on. */
function contentsOf(bytes: Uint8Array) {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const { settings: _, ...state } = JSON.parse(metadata.get("state")!) as { settings: unknown; step: number };
  return { tensors: Object.fromEntries([...tensors].map(([name, { data }]) => [name, Buffer.from(data).toString("base64")])), state, optimizer: JSON.parse(metadata.get("optimizer")!) as unknown };
}

describe("a checkpoint goes on elsewhere to the same bits", () => {
  // The schedule does not depend on the number of steps, so that a run may end early.
  const settings: TrainSettings = { ...presets.small, ...tiny, dropout: 0.1, steps: 20, warmup: 0, schedule: "warmup({ steps: 5, to: 0.01 }).then(cosine({ steps: 15, to: 0.001 }))" };

  it("from Node to the page: 10 steps there and 10 here are Node's 20", async () => {
    const textPath = join(folder, "notes.txt");
    writeFileSync(textPath, Array.from({ length: 4000 }, (_, i) => "abcdefghijklmno\n"[(i * i + (i >> 3)) % 16]).join(""));
    const checkpoints = await trainInNode(await planNewRun({ ...settings, data: textPath }));
    const half = join(folder, "half.safetensors");
    writeFileSync(half, checkpoints.get(10)!);

    const page = await openPage();
    await page.getByLabel("Open model…").setInputFiles(half);
    await page.getByText("which is not in its file").waitFor();
    await page.getByLabel("Choose the text…").setInputFiles(textPath);
    await untilSays(page, "step 10 of 20");
    await button(page, "Resume").click();
    await untilSays(page, "done");
    const file = await saved(page, () => button(page, "Save model").click());
    expect(contentsOf(file.bytes)).toEqual(contentsOf(checkpoints.get(20)!));
  });

  it("from the page to Node: 10 steps here and 10 there are Node's 20", async () => {
    const page = await openPage({ dropout: 0.1, steps: 10, warmup: 0, schedule: settings.schedule });
    await button(page, "Start").click();
    await untilSays(page, "done");
    const file = await saved(page, () => button(page, "Save model").click());
    expect(file.name).toMatch(/-step10\.safetensors$/);
    const went = await trainInNode(await planResumedRun(file.path, { steps: 20 }));
    const whole = await trainInNode(await planNewRun(settings));
    expect(contentsOf(file.bytes)).toEqual(contentsOf(whole.get(10)!));
    expect(contentsOf(went.get(20)!)).toEqual(contentsOf(whole.get(20)!));
  });

  it("refuses what is no checkpoint, and another text", async () => {
    const page = await openPage();
    const other = join(folder, "other.safetensors");
    writeFileSync(other, "no checkpoint at all");
    await page.getByLabel("Open model…").setInputFiles(other);
    await page.getByText("safetensors: not a valid file").waitFor();
    await page.getByLabel("Open model…").setInputFiles(join(folder, "half.safetensors"));
    const wrong = join(folder, "wrong.txt");
    writeFileSync(wrong, "abcdefghijklmno\n".repeat(300));
    await page.getByLabel("Choose the text…").setInputFiles(wrong);
    await page.getByRole("alert").or(page.locator(".notice.error")).filter({ hasText: /text/ }).first().waitFor();
    expect(await runsTable(page).count()).toBe(0);
  });
});

describe("the runs table", () => {
  let page: Page;

  it("shows a run, and its clone without warmup with what differs", async () => {
    page = await openPage({ steps: 30, warmup: 10 });
    await button(page, "Start").click();
    await untilSays(page, "done");
    const name = await runsTable(page).locator(".runs-select").innerText();
    await button(page, "Clone with warmup off").click();
    await rowOf(page, `${name}, no warmup`).getByText("done", { exact: true }).waitFor({ timeout: 120_000 });
    const headings = await runsTable(page).getByRole("columnheader").allInnerTexts();
    expect(headings.map((heading) => heading.replace(/ [▲▼]/, ""))).toContain("Warmup");
    expect(headings).not.toContain("Seed");
    expect(await page.getByLabel(`Draw ${name}`, { exact: true }).isChecked()).toBe(true);
    expect(await runsTable(page).locator(".swatch").count()).toBe(2);
    const column = headings.findIndex((heading) => heading === "Warmup");
    const warmupOf = (run: string) => rowOf(page, run).locator("td, th").nth(column).innerText();
    expect([await warmupOf(name), await warmupOf(`${name}, no warmup`)]).toEqual(["10", "0"]);
  });

  it("renames, sorts and filters", async () => {
    const clone = page.locator(".runs-select", { hasText: "no warmup" });
    await button(page, `Rename ${await clone.innerText()}`).click();
    await page.keyboard.type("cold start");
    await page.keyboard.press("Enter");
    await button(page, "cold start").waitFor();
    const names = () => runsTable(page).locator(".runs-select").allInnerTexts();
    await button(runsTable(page), "Warmup").click();
    expect((await names())[0]).toBe("cold start");
    await runsTable(page).getByRole("button", { name: /^Warmup/ }).click();
    expect((await names())[1]).toBe("cold start");
    await page.getByLabel("Filter").fill("warmup=0");
    expect(await names()).toEqual(["cold start"]);
    await page.getByLabel("Filter").fill("");
  });

  it("saves runs as JSON and CSV that say the same", async () => {
    await page.getByText("Save…", { exact: true }).click();
    const json = await saved(page, () => button(page, "Runs as JSON").click());
    const { runs } = JSON.parse(json.bytes.toString()) as { runs: { name: string; metrics: { steps: { step: number; loss: number }[] } }[] };
    expect(runs).toHaveLength(2);
    expect(runs.map(({ metrics }) => metrics.steps.map(({ step }) => step))).toEqual(Array.from({ length: 2 }, () => Array.from({ length: 30 }, (_, i) => i + 1)));
    await page.getByText("Save…", { exact: true }).click();
    const csv = await saved(page, () => button(page, "Metrics as CSV").click());
    const losses = csv.bytes.toString().split("\r\n").filter((line) => line.includes(",cold start,") && line.includes(",loss,")).map((line) => Number(line.split(",").at(-1)));
    expect(losses).toEqual(runs.find(({ name }) => name === "cold start")!.metrics.steps.map(({ loss }) => loss));
    await page.getByText("Save…", { exact: true }).click();
    const svg = await saved(page, () => button(page, "Charts as SVG").click());
    expect(svg.bytes.toString().match(/<svg /g)!.length).toBeGreaterThan(3);
  });

  it("gives its settings to the form, and a link that starts nothing", async () => {
    await page.locator("#setting-warmup").fill("7");
    await button(page, "cold start").click();
    await button(page, "Clone and change…").click();
    expect(await page.locator("#setting-warmup").inputValue()).toBe("0");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await button(page, "Copy link of this run").click();
    await page.getByText("The link is copied.").waitFor();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const other = await openStudio(browser, link);
    open.push(other);
    await other.page.getByText("Ready. Press Start.").waitFor({ timeout: 60_000 });
    expect(await other.page.locator("#setting-warmup").inputValue()).toBe("0");
    expect(await other.page.locator("#setting-width").inputValue()).toBe("16");
    expect((await other.page.locator(".run-controls .status").innerText()).trim()).toBe("Ready. Press Start.");
  });

  it("is the same after the page was loaded again", async () => {
    await page.reload();
    await page.getByRole("tab", { name: "Runs" }).click();
    await rowOf(page, "cold start").waitFor({ timeout: 60_000 });
    expect((await rowOf(page, "cold start").innerText()).replace(/,/g, "")).toMatch(/30 \/ 30/);
  });

  it("deletes after a question", async () => {
    await button(page, "cold start").click();
    await button(page, "Delete…").click();
    await button(page, "Keep").click();
    expect(await rowOf(page, "cold start").count()).toBe(1);
    await button(page, "Delete…").click();
    await button(page, "Delete").click();
    await expect.poll(() => rowOf(page, "cold start").count(), { timeout: 30_000 }).toBe(0);
    expect(await runsTable(page).locator(".runs-select").count()).toBe(1);
  });
});

describe("a sweep", () => {
  let page: Page;

  it("trains one run after another and shows the loss at each value", async () => {
    page = await openPage({ steps: 20 });
    await page.getByText("Sweep one setting").click();
    await page.getByLabel("Values").fill("0.0001, 0.01");
    await page.getByLabel("Seeds").fill("2");
    await page.getByText("4 runs of 20 steps").waitFor();
    await button(page, "Start sweep").click();
    await page.getByText("4 of 4 runs.").waitFor({ timeout: 240_000 });
    const table = page.getByRole("region", { name: "Table of the sweep" });
    const losses = await table.locator("tbody tr").evaluateAll((lines) => lines.map((line) => Number(/\d\.\d+/.exec(line.querySelector("td")!.textContent!)?.[0])));
    expect(losses[1], `after 20 steps at 0.0001 and 0.01: ${losses.join(", ")}`).toBeLessThan(losses[0]!);
    expect(await page.locator(".sweep-plot circle title").count()).toBe(4);
    expect(await table.getByText("best").count()).toBe(1);
    expect(await runsTable(page).locator("tbody tr").count()).toBe(4);
  });

  it("waits after a reload, goes on, and can be cancelled", async () => {
    await page.locator("#setting-steps").fill("4000");
    await page.getByLabel("Values").fill("0.002, 0.004");
    await page.getByLabel("Seeds").fill("1");
    await button(page, "Start sweep").click();
    await untilStep(page, 15);
    await page.reload();
    await page.getByRole("tab", { name: "Runs" }).click();
    await page.getByText("The page was loaded again.").waitFor({ timeout: 60_000 });
    await expect.poll(() => button(page, "Go on").isEnabled(), { timeout: 60_000 }).toBe(true);
    await button(page, "Go on").click();
    await rowOf(page, "Peak rate 0.002").getByText("training", { exact: true }).waitFor({ timeout: 60_000 });
    await button(page, "Cancel sweep").click();
    await page.getByText("Cancelled.").waitFor();
    await rowOf(page, "Peak rate 0.002").getByText("stopped", { exact: true }).waitFor({ timeout: 60_000 });
  });
});

it("the pages complain of nothing", () => expect(open.flatMap(({ complaints }) => complaints)).toEqual([]));
