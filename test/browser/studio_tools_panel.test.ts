// The tools' panel as a user works it, with the real tools and benchmarks behind it, under the studio's policy.
import { readFileSync } from "node:fs";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseLines } from "../../src/bench/row.js";
import { launchBrowser, openPage } from "../support/browser.js";
import { servePanel, type PanelPage } from "../support/panel_page.js";
import type { ToolsPanelPage } from "./studio_tools_panel.js";

declare const panel: ToolsPanelPage;

let served: PanelPage;
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  [served, browser] = await Promise.all([
    servePanel("test/browser/studio_tools_panel.tsx", "test/browser/studio_tools_worker.ts", { bench_worker: "src/bench/page/studio_worker.ts" }),
    launchBrowser(),
  ]);
  ({ page, complaints } = await openPage(browser, served.url));
  page.setDefaultTimeout(120_000);
});

afterAll(async () => {
  await browser?.close();
  served?.close();
});

const button = (name: string | RegExp) => page.getByRole("button", { name, exact: typeof name === "string" });
const section = (name: string) => page.getByRole("region", { name, exact: true });
const settings = () => page.evaluate(() => panel.settings());

async function saved(name: string): Promise<string> {
  const saving = page.waitForEvent("download");
  await button(name).click();
  return readFileSync((await (await saving).path())!, "utf8");
}

describe("the tools' panel", () => {
  it("shows progress, and cancels", async () => {
    // So large that nobody is faster than the sweep.
    await page.evaluate(() => panel.changeSettings({ layers: 2, width: 64, batch: 16 }));
    await button("Run the range test").click();
    await page.getByRole("progressbar", { name: "Run the range test: progress" }).waitFor();
    expect(await button("Advise a schedule").isDisabled()).toBe(true);
    await page.getByText(/^rate .*, loss /).waitFor();
    await button("Cancel").click();
    await section("Range test").getByText("Cancelled.").waitFor();
    expect(await page.locator(".range-plot").count()).toBe(0);
    await page.evaluate(() => panel.changeSettings({ layers: 1, width: 16, batch: 4 }));
  });

  it("draws the range test, and puts its peak into the form", async () => {
    const before = await settings();
    await button("Run the range test").click();
    const use = button(/^Use .* as peak$/);
    await use.waitFor();
    expect(await section("Range test").getByText("Cancelled.").count()).toBe(0);
    for (const curve of ["loss", "smooth"]) expect((await page.locator(`.range-plot path.${curve}`).getAttribute("d"))!.split("L").length).toBeGreaterThan(50);
    expect(await page.locator(".range-plot text.mark").allTextContents()).toEqual(expect.arrayContaining([expect.stringMatching(/^steepest /), expect.stringMatching(/^onset /)]));
    const wanted = Number(/Use (.*) as peak/.exec((await use.textContent())!)![1]);
    await use.click();
    const { lr, minLr } = await settings();
    expect(lr).toBe(wanted);
    expect(minLr / lr).toBeCloseTo(before.minLr / before.lr, 5);
    await page.getByText(`The form's peak is now`).waitFor();
    await section("Range test").getByRole("button", { name: "Table" }).click();
    expect(await section("Range test").locator("tbody tr").count()).toBeGreaterThan(50);
  });

  it("advises a schedule with reasons, and puts it into the form", async () => {
    await button("Advise a schedule").click();
    await button("Use this schedule").click();
    const { schedule } = await settings();
    expect(schedule).toMatch(/^warmup\({ steps: 20, /);
    expect(await page.locator(".tool-reasons li").count()).toBeGreaterThan(2);
    await page.getByText("The form has it now").waitFor();
    await page.evaluate(() => panel.changeSettings({ width: 32 }));
    expect(await page.getByText("Found with other settings than the form has now.").count()).toBe(0);
  });

  it("scales a schedule of the editor to a new peak", async () => {
    await page.evaluate(() => panel.changeSettings({ width: 16, schedule: "warmup({ steps: 10, to: 0.004 }).then(constant(0.004))" }));
    await button(/^Use .* as peak$/).click();
    const wanted = Number(/Use (.*) as peak/.exec((await button(/^Use .* as peak$/).textContent())!)![1]);
    const { schedule } = await settings();
    expect(schedule).toMatch(/^warmup\(/);
    expect(await page.evaluate((expression) => panel.rateAt(expression, 100), schedule)).toBeCloseTo(wanted, 10);
  });

  it("says why it cannot start", async () => {
    await page.evaluate(() => panel.changeSettings({ width: 17 }));
    await section("Range test").getByText("The settings do not make a run: width – must be a multiple of heads").waitFor();
    expect(await button("Run the range test").isDisabled()).toBe(true);
    await page.evaluate(() => panel.changeSettings({ width: 16 }));
    await section("Sharpness").getByText("There is no run to measure: start one.").waitFor();
  });

  it("says where a run stands to its edge of stability", async () => {
    await page.evaluate(() => panel.showRun());
    await page.getByText("Past the edge of stability: steps are stable up to a rate of 0.005, where the sharpest direction has a curvature of 7600; the rate of 0.008 is 1.6 times that.").waitFor();
    await page.getByText("All measurements").click();
    expect(await section("Sharpness").locator("tbody tr").allTextContents()).toEqual(["5019000.020.051past", "10076000.0050.008past"]);
    await page.getByLabel("Steps between measurements").fill("1.5");
    await page.getByText('needs a whole number of steps from 1, got "1.5"').waitFor();
    expect(await button("Measure while training").isDisabled()).toBe(true);
  });

  it("measures benchmarks, shows tables and charts, and saves both files", async () => {
    const bench = section("Benchmarks");
    await bench.getByLabel("step").uncheck();
    await bench.getByText("Choose something to measure.").waitFor();
    await bench.getByLabel("layer-norm").check();
    await button("Measure").click();
    await bench.getByText(/^Done: \d+ measurements on .*swiftshader/i).waitFor({ timeout: 200_000 });
    const rows = await bench.locator("tbody tr").count();
    expect(rows).toBeGreaterThan(1);
    expect(await bench.locator("img").evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth > 0))).toEqual([true]);
    const lines = parseLines(await saved("Save as JSON lines"));
    expect(lines.others).toEqual([]);
    expect(lines.rows).toHaveLength(rows);
    for (const { median, error, name } of lines.rows) expect(error ?? median, name).toBeGreaterThan(0);
    const html = await saved("Save the report");
    expect(html).toContain("<h1>kiln bench</h1>");
    expect(html).toContain("<svg");
  });

  it("stops measuring", async () => {
    await button("Measure").click();
    await button("Stop measuring").click();
    await page.getByText(/^Stopped after \d+ measurements\.$/).waitFor();
    expect(await button("Measure").isEnabled()).toBe(true);
  });

  it("breaks no rule of accessibility in light or dark, and complains of nothing", async () => {
    await page.evaluate(axe.source);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run("#panel", { resultTypes: ["violations"] }));
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(" ")} ${failureSummary}`).join("; ")}`)).toEqual([]);
    }
    expect(complaints).toEqual([]);
  });
});
