// Kiln Studio's own page through a crash of the GPU process, full storage and a second tab.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { launchBrowser, webgpuFlags } from "../support/browser.js";
import { fault } from "../support/fault.js";
import { openStudio, serveStudio, stateOf, tinyLink, untilSays, untilStep, type ServedStudio } from "../support/studio.js";

let studio: ServedStudio;
let browser: Browser;
const long_ms = 240_000;

beforeAll(async () => {
  const flags = [...webgpuFlags, "--disable-gpu-process-crash-limit", "--disable-domain-blocking-for-3d-apis"];
  [studio, browser] = await Promise.all([serveStudio(), launchBrowser(flags)]);
});

afterAll(async () => {
  await browser?.close();
  studio?.close();
});

async function startRun(link = tinyLink): Promise<Page> {
  const { page } = await openStudio(browser, studio.url + link);
  await page.getByText("Ready. Press Start.").waitFor();
  await page.getByRole("button", { name: "Start", exact: true }).click();
  return page;
}

fault(4, "Chromium", "studio: the GPU process crashes, the run goes on by itself and says from where", async () => {
  const page = await startRun(tinyLink.replace("steps=400", "steps=2000"));
  await untilStep(page, 30);
  void (await browser.newBrowserCDPSession()).send("Browser.crashGpuProcess").catch(() => {});
  await page.getByText(/continued on a new device at step \d+/).first().waitFor({ timeout: 120_000 });
  const { step } = await stateOf(page);
  await untilStep(page, step + 50);
  await page.context().close();
}, long_ms);

fault(29, "Chromium", "studio: full storage is told, and training goes on", async () => {
  const page = await startRun(tinyLink.replace("steps=400", "steps=2000"));
  await untilStep(page, 20);
  const session = await page.context().newCDPSession(page);
  await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(studio.url).origin, quotaSize: 1000 });
  await page.getByText(/the browser has no room left/).first().waitFor({ timeout: 120_000 });
  const { step } = await stateOf(page);
  await untilStep(page, step + 50);
  await page.context().close();
}, long_ms);

fault(38, "Chromium", "studio: a second tab sees the run train; when the first is closed, it can go on there", async () => {
  const page = await startRun(tinyLink.replace("steps=400", "steps=4000"));
  await untilStep(page, 20);
  const second = await page.context().newPage();
  await second.goto(studio.url + tinyLink);
  await untilSays(second, "training");
  const { step } = await stateOf(second);
  await untilStep(second, step + 20);
  expect((await stateOf(page)).text).toContain("training");
  await page.close();
  await second.reload();
  await untilSays(second, "interrupted");
  const at = (await stateOf(second)).step;
  expect(at).toBeGreaterThan(0);
  await second.getByRole("button", { name: "Resume", exact: true }).click();
  await untilSays(second, "training");
  await untilStep(second, at + 20);
  await second.context().close();
}, long_ms);
