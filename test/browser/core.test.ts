// The core in a real browser: same numbers as in Node, no complaint in the console.
import type { Server } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDevice } from "../../src/node/open_device.js";
import { launchBrowser, openPage, servePage } from "../support/browser.js";
import { trainTiny } from "../support/tiny_training.js";
import { fault } from "../support/fault.js";
import { compare } from "../support/tolerances.js";
import type { PageTests } from "./page.js";

let browser: Browser;
let server: Server;
let url: string;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  browser = await launchBrowser();
  const served = await servePage("test/browser/page.ts");
  ({ server, url } = served);
  ({ page, complaints } = await openPage(browser, url));
});

afterAll(async () => {
  await browser?.close();
  server?.close();
});

/** Runs one of the page's tests. */
function inPage<Name extends keyof PageTests>(name: Name): Promise<Awaited<ReturnType<PageTests[Name]>>> {
  return page.evaluate((test: string) => (globalThis as unknown as { kilnTests: Record<string, () => Promise<unknown>> }).kilnTests[test]!(), name) as never;
}

describe("Chromium", () => {
  it("computes forward and backward", async () => {
    const { value, gradient } = await inPage("compute");
    expect(value).toBeCloseTo(2, 5);
    expect(gradient).toHaveLength(4);
    for (const part of gradient) expect(Math.abs(part)).toBeLessThan(1e-5); // rows of a softmax sum to 1
  });

  it("trains a GPT to the losses that Node gets on the same driver, and gives all memory back", async () => {
    const [there, captured] = await inPage("train");
    const device = await openDevice({ adapter: "swiftshader" });
    const here = await trainTiny(device);
    device.close();
    console.log(`browser: ${there.adapter}; losses ${there.losses.map((loss) => loss.toFixed(6)).join(" ")}`);
    expect(here.losses[0]! - here.losses.at(-1)!, "the loss does not move").not.toBe(0);
    const result = compare(there.losses, here.losses, "trajectory");
    expect(result.worst, result.message).toBeLessThanOrEqual(1);
    expect(captured.losses, "captured and eager in the page").toEqual(there.losses);
    expect([there.bytesLeft, captured.bytesLeft, here.bytesLeft]).toEqual([0, 0, 0]);
  });

  it("times kernels", async () => {
    const { kernels, table } = await inPage("profile");
    expect(kernels).toHaveLength(1);
    expect(kernels[0]!.kernel).toMatch(/^matmul/);
    expect(kernels[0]!.ms).toBeGreaterThan(0);
    expect(table).toContain("of roofline");
  });

  it("refuses wrong shapes with the same message as Node", async () => {
    expect(await inPage("refuse")).toMatch(/^ShapeError: matmul: .*\[2, 3\]/);
  });

  it("complains of nothing in the console", () => expect(complaints).toEqual([]));
});

describe("a browser without WebGPU", () => {
  it("gets an error that says what to do", async () => {
    const message = await page.evaluate(async () => {
      Object.defineProperty(navigator, "gpu", { value: undefined, configurable: true });
      return (globalThis as unknown as { kilnTests: PageTests }).kilnTests.compute().then(String, (error: Error) => error.message);
    });
    expect(message).toContain("openDevice: this environment has no WebGPU");
    expect(message).toContain("navigator.gpu is missing");
  });
});

fault(41, "Chromium", "five runs with one seed, captured and eager, have the bits of each other and of Node on the same driver", async (count) => {
  const { page } = await openPage(browser, url);
  const runs = await page.evaluate(() => (globalThis as unknown as { kilnTests: PageTests }).kilnTests.repeat());
  const device = await openDevice({ adapter: "swiftshader" });
  const here = await trainTiny(device);
  device.close();
  expect(runs).toHaveLength(5);
  for (const losses of runs) expect(losses).toEqual(here.losses);
  count(runs.length, "runs of the same bits");
});

fault(1, "Chromium", "a browser without WebGPU: an AdapterError that says what was tried", async () => {
  const plain = await launchBrowser([]);
  try {
    const { page } = await openPage(plain, url);
    const told = await page.evaluate(() => (globalThis as unknown as { kilnTests: PageTests }).kilnTests.open());
    expect(told).toMatchObject({ name: "AdapterError" });
    expect(told!.tried.join()).toMatch(/navigator\.gpu/);
  } finally {
    await plain.close();
  }
});
