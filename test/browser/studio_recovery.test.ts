// Training through what browsers do to pages: the GPU process crashes, the page is reloaded or frozen. Each ends with the same bits.
import type { Server } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { launchBrowser, servePage, webgpuFlags } from "../support/browser.js";
import { fault } from "../support/fault.js";
import type { RecoveryTests } from "./studio_recovery_page.js";

/** Chromium blocks WebGPU after a few crashes; these flags lift that, for tests. */
const crashFlags = ["--disable-gpu-process-crash-limit", "--disable-domain-blocking-for-3d-apis"];
const long_ms = 240_000;

let served: { url: string; server: Server };
let browser: Browser;
/** Rows of a run that nothing happened to. */
let whole: [number, string][];

type Result<Name extends keyof RecoveryTests> = Awaited<ReturnType<RecoveryTests[Name]>>;

function call<Name extends keyof RecoveryTests>(page: Page, name: Name, ...args: Parameters<RecoveryTests[Name]>): Promise<Result<Name>> {
  const run = ([test, values]: readonly [string, unknown[]]) => (globalThis as unknown as { recovery: Record<string, (...given: unknown[]) => unknown> }).recovery[test]!(...values);
  return page.evaluate(run, [name, args as unknown[]] as const) as Promise<Result<Name>>;
}

async function inPage<T>(use: (page: Page) => Promise<T>, inBrowser = browser): Promise<T> {
  const context = await inBrowser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(served.url);
    return await use(page);
  } finally {
    await context.close();
  }
}

async function untilStep(page: Page, step: number): Promise<void> {
  await expect.poll(async () => (await call(page, "progress")).step, { timeout: 120_000, interval: 30 }).toBeGreaterThanOrEqual(step);
}

async function crashGpu(inBrowser: Browser): Promise<void> {
  const session = await inBrowser.newBrowserCDPSession();
  // The answer may never come: its process is gone.
  void session.send("Browser.crashGpuProcess").catch(() => {});
}

beforeAll(async () => {
  [served, browser] = await Promise.all([servePage("test/browser/studio_recovery_page.ts"), launchBrowser([...webgpuFlags, ...crashFlags])]);
  whole = await inPage(async (page) => {
    expect(await call(page, "train", {})).toMatchObject({ end: "done", step: 60 });
    return (await call(page, "progress")).rows;
  });
  expect(whole.map(([step]) => step)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  expect(new Set(whole.map(([, row]) => row)).size).toBe(60);
}, long_ms);

afterAll(async () => {
  await browser?.close();
  served?.server.close();
});

describe("Chromium", () => {
  fault(4, "Chromium", "the GPU process crashes twice: the run goes on by itself, every row as without", (count) =>
    inPage(async (page) => {
      const running = call(page, "train", { pace_ms: 20, every: 15 });
      for (const step of [10, 40]) {
        await untilStep(page, step);
        const { wentOnAt } = await call(page, "progress");
        await crashGpu(browser);
        await expect.poll(async () => (await call(page, "progress")).wentOnAt.length, { timeout: 120_000 }).toBe(wentOnAt.length + 1);
      }
      expect(await running).toMatchObject({ end: "done", step: 60 });
      const { rows, wentOnAt, madeAgain, mismatches } = await call(page, "progress");
      expect(mismatches).toEqual([]);
      expect(rows.sort(([a], [b]) => a - b)).toEqual(whole);
      expect(wentOnAt.every((step) => step === null || step % 15 === 0)).toBe(true);
      expect(madeAgain).toBeGreaterThan(0);
      count(2, "crashes of the GPU process");
      count(60, "steps survived");
      console.log(`2 crashes of the GPU process: went on at steps ${wentOnAt.map((step) => step ?? 0).join(" and ")}, ${madeAgain} rows made again, none different`);
    }), long_ms);

  fault(5, "Chromium", "one crash more than the budget: training stops and says what to do", (count) =>
    inPage(async (page) => {
      const running = call(page, "train", { retries: 1, pace_ms: 50 });
      await untilStep(page, 6);
      await crashGpu(browser);
      await expect.poll(async () => (await call(page, "progress")).wentOnAt.length, { timeout: 120_000 }).toBe(1);
      await untilStep(page, 7);
      await crashGpu(browser);
      expect((await running).end).toMatch(/^DeviceLostError: train: the GPU was lost 2 times within \d+ s, .*reload the page or restart the browser/);
      count(2, "crashes of the GPU process");
    }), long_ms);

  fault(37, "Chromium", "a reload in mid-run: the run goes on from its last checkpoint, every row as without", (count) =>
    inPage(async (page) => {
      void call(page, "train", { pace_ms: 20 }).catch(() => {});
      await expect.poll(async () => (await call(page, "progress")).saved, { timeout: 120_000, interval: 30 }).toBeGreaterThanOrEqual(20);
      const before = new Map((await call(page, "progress")).rows);
      await page.reload();
      const from = (await call(page, "savedStep"))!;
      expect(from).toBeGreaterThanOrEqual(20);
      expect(await call(page, "train", {})).toMatchObject({ end: "done", step: 60 });
      const after = (await call(page, "progress")).rows;
      expect(after).toEqual(whole.slice(from));
      expect([...before]).toEqual(whole.slice(0, before.size));
      count(1, "reload in mid-run");
      count(60, "steps survived");
    }), long_ms);

  fault(36, "Chromium", "a tab frozen and thawed: the run ends with the same rows", (count) =>
    inPage(async (page) => {
      const running = call(page, "train", { pace_ms: 20 });
      await untilStep(page, 10);
      const session = await page.context().newCDPSession(page);
      await session.send("Page.setWebLifecycleState", { state: "frozen" });
      await new Promise((resolve) => setTimeout(resolve, 3000));
      await session.send("Page.setWebLifecycleState", { state: "active" });
      expect(await running).toMatchObject({ end: "done", step: 60 });
      const { rows, wentOnAt } = await call(page, "progress");
      expect(rows).toEqual(whole);
      expect(wentOnAt).toEqual([]);
      count(60, "steps survived");
    }), long_ms);
});

describe("Chromium as users have it", () => {
  fault(5, "Chromium", "a browser that blocks WebGPU after crashes: the run stops at once and says so", async (count) => {
    const plain = await launchBrowser(webgpuFlags);
    try {
      await inPage(async (page) => {
        const running = call(page, "train", { retries: 5, pace_ms: 100 });
        await untilStep(page, 6);
        await crashGpu(plain);
        await expect.poll(async () => (await call(page, "progress")).wentOnAt.length, { timeout: 120_000 }).toBe(1);
        await untilStep(page, 7);
        await crashGpu(plain);
        expect((await running).end).toMatch(/^DeviceLostError: train: the GPU was lost and there is no other: the browser has blocked WebGPU/);
        count(2, "crashes of the GPU process");
      }, plain);
    } finally {
      await plain.close();
    }
  }, long_ms);
});
