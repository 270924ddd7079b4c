// The benchmarks' page in a real browser: what it measures, shows and saves.
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import type { Browser, Download, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
// @ts-expect-error plain JavaScript, shared with the build
import { buildBenchPage } from "../../scripts/build_page.mjs";
import { parseLines } from "../../src/bench/row.js";
import { temporaryFolder } from "../cli/run_kiln.js";
import { launchBrowser, openPage } from "../support/browser.js";

const { folder, remove } = temporaryFolder();
const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript" };
let browser: Browser;
let server: Server;
let page: Page;
let complaints: string[];
const requested: string[] = [];

beforeAll(async () => {
  await buildBenchPage(folder);
  server = createServer((request, response) => {
    const path = join(folder, request.url === "/" ? "index.html" : request.url!);
    requested.push(request.url!);
    if (existsSync(path)) response.writeHead(200, { "content-type": types[extname(path)] ?? "text/plain" }).end(readFileSync(path));
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  browser = await launchBrowser();
  ({ page, complaints } = await openPage(browser, `http://localhost:${(server.address() as AddressInfo).port}/`));
});

afterAll(async () => {
  await browser?.close();
  server?.close();
  remove();
});

/** Orders a quick run and waits for its end. */
async function measure(suites: readonly string[], { peers = false, filter = "" } = {}): Promise<void> {
  await page.reload();
  for (const suite of suites) await page.check(`input[value="${suite}"]`);
  await page.check('input[name="quick"]');
  if (peers) await page.check('input[name="peers"]');
  await page.fill('input[name="filter"]', filter);
  await page.click("#start");
  await page.waitForFunction(() => ["done", "failed", "stopped"].includes(document.body.dataset.state!), undefined, { timeout: 200_000 });
}

const state = () => page.evaluate(() => ({ state: document.body.dataset.state, status: document.getElementById("status")!.textContent }));

async function savedRows() {
  const saving = page.waitForEvent("download");
  await page.click("#save-json");
  const download: Download = await saving;
  return parseLines(readFileSync((await download.path())!, "utf8"));
}

describe("the benchmarks' page", () => {
  it("measures every suite, shows a report with charts and saves lines that kiln bench reads", async () => {
    await measure([]);
    expect(await state()).toMatchObject({ state: "done" });
    const { rows, others } = await savedRows();
    expect(others).toEqual([]);
    expect(new Set(rows.map(({ suite }) => suite))).toEqual(new Set(["optimizers", "kernels", "step"]));
    for (const { name, shape, contender, median, error } of rows) {
      // A page's clock may be too coarse for the host's share of a step.
      if (name.startsWith("host time") && error) expect(error).toBe("shorter than this clock's steps");
      else expect(error ?? median, `${name} ${shape} ${contender}`).toBeGreaterThan(0);
    }
    expect(rows[0]!.environment).toMatchObject({ software: true, runtime: expect.stringContaining("Chrome") });
    const report = page.frameLocator("#report");
    expect(await report.locator("figure svg").count()).toBeGreaterThan(0);
    expect(await report.locator("h1").textContent()).toBe("kiln bench");
    expect(requested.some((url) => /webgpu/.test(url)), "peers are not loaded unless asked for").toBe(false);
  });

  it("loads the peers on demand, and measures them on the same adapter", async () => {
    await measure(["layer-norm"], { peers: true });
    expect(await state()).toMatchObject({ state: "done" });
    const { rows } = await savedRows();
    const backward = rows.filter(({ name }) => name === "layer-norm forward+backward");
    expect(backward.map(({ contender }) => contender)).toEqual(["kiln", "jax-js", "tfjs"]);
    for (const { contender, median, error } of backward) expect(error ?? median, contender).toBeGreaterThan(0);
    expect(backward[1]!.environment.versions).toMatchObject({ "jax-js": "0.1.25", tfjs: "4.22.0" });
  });

  it("says what is wrong with an order, and can be used again", async () => {
    await measure(["step"], { filter: "no such thing" });
    expect(await state()).toMatchObject({ state: "failed", status: expect.stringContaining('nothing is left to measure, got --filter "no such thing"') });
  });

  it("complains of nothing in the console", () => expect(complaints).toEqual([]));
});
