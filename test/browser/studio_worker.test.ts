// The studio's worker without the studio: the same run as in Node, whatever the page does, and changed while it trains.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { text } from "../../src/data/index.js";
import { openDevice } from "../../src/node/open_device.js";
import { partsOf } from "../../src/recipe/parts_of.js";
import { presets } from "../../src/recipe/presets.js";
import { train } from "../../src/train/index.js";
import { launchBrowser } from "../support/browser.js";
import { servePanel, type PanelPage } from "../support/panel_page.js";
import type { WorkerTests } from "./studio_worker_page.js";

const source = Array.from({ length: 3000 }, (_, i) => "abcdefghijklmnop"[(i * i + (i >> 3)) % 16]).join("");
const tiny = { data: "letters.txt", layers: 1, heads: 2, width: 16, block: 16, batch: 4, dropout: 0.1, steps: 240, warmup: 5, lr: 1e-2, minLr: 1e-3, evalEvery: 10, evalBatches: 1, checkpointEvery: 0, seed: 3 };

let served: PanelPage;
let browser: Browser;
const complaints: string[] = [];

beforeAll(async () => {
  [served, browser] = await Promise.all([servePanel("test/browser/studio_worker_page.ts", "src/studio/worker/main.ts"), launchBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  served?.close();
});

type Result<Name extends keyof WorkerTests> = Awaited<ReturnType<WorkerTests[Name]>>;

function call<Name extends keyof WorkerTests>(page: Page, name: Name, ...args: Parameters<WorkerTests[Name]>): Promise<Result<Name>> {
  const run = ([test, values]: readonly [string, unknown[]]) => (globalThis as unknown as { workerTests: Record<string, (...given: unknown[]) => unknown> }).workerTests[test]!(...values);
  return page.evaluate(run, [name, args as unknown[]] as const) as Promise<Result<Name>>;
}

/** A page of a profile of its own, with the worker open. */
async function openPage(): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.goto(served.url);
  await call(page, "open");
  return page;
}

async function until(page: Page, run: string, isThere: (progress: Result<"progress">) => boolean): Promise<Result<"progress">> {
  await expect.poll(async () => isThere(await call(page, "progress", run)), { timeout: 150_000, interval: 50 }).toBe(true);
  return call(page, "progress", run);
}

const isDone = ({ record }: Result<"progress">) => record?.status === "done" || record?.status === "failed";

describe("the worker", () => {
  let whole: { step: number; loss: number; lr: number }[];

  it("computes what Node computes on the same driver, bit for bit, in few messages, and answers while it trains", async () => {
    const settings = { ...presets.small, ...tiny };
    const device = await openDevice({ adapter: "swiftshader" });
    const data = text.characters(source, { block: settings.block, batch: settings.batch, seed: settings.seed });
    const { model, optimizer } = partsOf(device, { settings, data, checkpoint: null });
    const here: { step: number; loss: number; lr: number }[] = [];
    await train({ device, model, optimizer, data, steps: settings.steps, evalEvery: settings.evalEvery, evalBatches: 1, onStep: ({ step, loss, lr }) => here.push({ step, loss, lr }) });
    device.close();

    const page = await openPage();
    const run = await call(page, "start", tiny, source);
    const { parameters, vocabulary, wontFit } = await call(page, "estimate", tiny, source);
    expect({ parameters, vocabulary, wontFit }).toEqual({ parameters: model.parameterCount(), vocabulary: 16, wontFit: null });
    const { rows, record, messages, notices } = await until(page, run, isDone);
    expect(record).toMatchObject({ status: "done", step: 240, parameters: model.parameterCount(), message: null });
    expect(rows).toEqual(here);
    expect(messages).toBeLessThan(rows.length);
    expect(notices).toEqual([]);
    whole = rows;
    await page.context().close();
  });

  it("pauses and goes on, and stops and goes on from its checkpoint, with the same bits", async () => {
    const page = await openPage();
    const run = await call(page, "start", tiny, source);
    await until(page, run, ({ rows }) => rows.length > 4);
    await call(page, "pause");
    const paused = await call(page, "progress", run);
    expect(paused.record!.status).toBe("paused");
    await page.waitForTimeout(400);
    expect((await call(page, "progress", run)).rows.length).toBe(paused.rows.length);
    await call(page, "resume", run);
    await until(page, run, ({ rows }) => rows.length > paused.rows.length + 4);
    await call(page, "stop");
    await call(page, "resume", run);
    expect((await until(page, run, isDone)).rows).toEqual(whole);
    await page.context().close();
  });

  it("takes another schedule while it trains: the kernel uses it from the next step on, and after going on from a checkpoint too", async () => {
    const page = await openPage();
    const run = await call(page, "start", tiny, source);
    await until(page, run, ({ rows }) => rows.length > 4);
    await call(page, "change", { schedule: "constant(0.25e-3)", steps: 260 });
    await until(page, run, ({ rows }) => rows.length > 40);
    await call(page, "stop");
    const { record } = await call(page, "progress", run);
    const { step } = record!.changes[0]!;
    await call(page, "resume", run);
    const { rows } = await until(page, run, isDone);
    expect(rows.map(({ lr }) => lr)).toEqual([...whole.slice(0, step).map(({ lr }) => lr), ...new Array<number>(260 - step).fill(Math.fround(0.25e-3))]);
    expect(rows.slice(0, step).map(({ loss }) => loss)).toEqual(whole.slice(0, step).map(({ loss }) => loss));
    await expect(call(page, "change", { schedule: "constant(-1)" })).rejects.toThrow("a learning rate is from 0");
    await page.context().close();
  });

  it("goes on at its pace while the page's own thread does nothing for it: no timer or frame of the page is needed", async () => {
    const page = await openPage();
    const run = await call(page, "start", { ...tiny, steps: 100_000, evalEvery: 0 }, source);
    await until(page, run, ({ rows }) => rows.length > 100);
    const stepsDuring = async (wait: () => Promise<unknown>) => {
      const before = (await call(page, "progress", run)).rows.length;
      await wait();
      // What the worker told meanwhile waits in the page's queue.
      await page.waitForTimeout(300);
      return (await call(page, "progress", run)).rows.length - before;
    };
    const free = await stepsDuring(() => page.waitForTimeout(3000));
    const held = await stepsDuring(() => call(page, "hold", 3000));
    await call(page, "stop");
    await page.context().close();
    console.log(`steps in 3 s: ${free} with the page free, ${held} with its thread held`);
    // The thread that is held takes one of the cores.
    expect(held).toBeGreaterThan(free / 4);
  });

  it("leaves no complaint in the console", () => expect(complaints).toEqual([]));
});
