// Kiln Studio's own page through a crash of the GPU process, the end of its worker, full storage and a second tab.
import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeCheckpoint, type Checkpoint } from "../../src/train/index.js";
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
  const page = await startRun();
  await untilStep(page, 30);
  void (await browser.newBrowserCDPSession()).send("Browser.crashGpuProcess").catch(() => {});
  await page.getByText(/continued on a new device at step \d+/).first().waitFor({ timeout: 120_000 });
  const { step } = await stateOf(page);
  await untilStep(page, step + 50);
  await page.context().close();
}, long_ms);

fault(29, "Chromium", "studio: full storage is told, and training goes on", async () => {
  const page = await startRun();
  await untilStep(page, 20);
  const session = await page.context().newCDPSession(page);
  await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(studio.url).origin, quotaSize: 1000 });
  await page.getByText(/the browser has no room left/).first().waitFor({ timeout: 120_000 });
  const { step } = await stateOf(page);
  await untilStep(page, step + 50);
  // The way out that the notice offers: the run as it is now, as a file.
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download its checkpoint" }).first().click()]);
  const checkpoint = decodeCheckpoint(await readFile(await download.path()));
  expect(checkpoint.state.step).toBeGreaterThan(step);
  expect(download.suggestedFilename()).toMatch(new RegExp(`-step${checkpoint.state.step}\\.safetensors$`));
  await page.context().close();
}, long_ms);

fault(38, "Chromium", "studio: a second tab watches the run and says so; when the first crashes, it can go on there", async () => {
  const page = await startRun();
  await untilStep(page, 20);
  const second = await page.context().newPage();
  await second.goto(studio.url + tinyLink);
  await untilSays(second, "training");
  const notice = second.getByRole("note").filter({ hasText: /^Read-only: “.+” trains in another tab/ });
  await notice.waitFor();
  for (const name of ["Pause", "Resume", "Stop"]) expect(await second.getByRole("button", { name, exact: true }).isDisabled(), name).toBe(true);
  const { step } = await stateOf(second);
  await untilStep(second, step + 20);
  expect((await stateOf(page)).text).toContain("training");
  expect(await page.getByRole("note").count()).toBe(0);
  const crashed = new Promise((done) => page.once("crash", done));
  void (await page.context().newCDPSession(page)).send("Page.crash").catch(() => {});
  await crashed;
  await page.close();
  await untilSays(second, "interrupted");
  expect(await notice.count()).toBe(0);
  const at = (await stateOf(second)).step;
  expect(at).toBeGreaterThan(0);
  await second.getByRole("button", { name: "Resume", exact: true }).click();
  await untilSays(second, "training");
  await untilStep(second, at + 20);
  expect(await notice.count()).toBe(0);
  await second.context().close();
}, long_ms);

describe("a worker that ends by itself", () => {
  /** The thread is gone without an event, as when a browser wants its memory; or something in it fails. */
  const ends = {
    "the browser ended it": () => self.close(),
    "a fault of this test": () =>
      void setTimeout(() => {
        throw new Error("a fault of this test");
      }),
  };

  const short = tinyLink.replace("steps=20000", "steps=400");
  let whole: Checkpoint;

  /** The run once it is done. */
  async function endOf(page: Page): Promise<Checkpoint> {
    await untilSays(page, "done, step 400 of 400");
    await page.getByRole("tab", { name: "Runs" }).click();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save model", exact: true }).click()]);
    return decodeCheckpoint(await readFile(await download.path()));
  }

  beforeAll(async () => {
    const page = await startRun(short);
    whole = await endOf(page);
    await page.context().close();
  }, long_ms);

  for (const [reason, end] of Object.entries(ends)) {
    it(`(${reason}) is told and started again, and the run goes on from its checkpoint, to the same weights`, async () => {
      const page = await startRun(short);
      await untilStep(page, 40);
      const [worker] = page.workers();
      void worker!.evaluate(end).catch(() => {});
      await page.getByText(new RegExp(`Training in the background ended: .*${reason}\\. It was started again, and "First look.*" goes on from its last checkpoint`)).waitFor({ timeout: 60_000 });
      await untilSays(page, "training");
      expect(page.workers()).not.toContain(worker);
      expect((await stateOf(page)).step, "from the beginning").toBeGreaterThanOrEqual(30);
      const { model, optimizer } = await endOf(page);
      expect(Object.keys(model).length).toBeGreaterThan(5);
      expect(model).toEqual(whole.model);
      expect(optimizer).toEqual(whole.optimizer);
      await page.context().close();
    }, long_ms);
  }

  it("is not started for ever: after three ends the page says what to do", async () => {
    const page = await startRun();
    for (let ended = 1; ended <= 3; ended++) {
      await expect.poll(() => page.getByRole("button", { name: "Pause", exact: true }).isEnabled(), { timeout: 120_000 }).toBe(true);
      await untilStep(page, 20);
      const next = ended < 3 && page.waitForEvent("worker", { timeout: 120_000 });
      void page.workers()[0]!.evaluate(() => self.close()).catch(() => {});
      await next;
    }
    await page.getByText(/training in the background ended 3 times within five minutes, the last time: the browser ended it; reload the page/).waitFor({ timeout: 60_000 });
    await page.reload();
    await untilSays(page, "interrupted");
    await page.context().close();
  }, long_ms);
});
