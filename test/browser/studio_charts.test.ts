// The charts in a real browser: what they draw, and how they are read and moved.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser, openPage } from "../support/browser.js";
import { axeViolations, servePanel, type PanelPage } from "../support/panel_page.js";
import type { ChartsPage } from "./studio_charts_page.js";

declare const studio: ChartsPage;

let browser: Browser;
let panel: PanelPage;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  panel = await servePanel("test/browser/studio_charts_page.tsx");
  browser = await launchBrowser();
  ({ page, complaints } = await openPage(browser, panel.url));
  await page.setViewportSize({ width: 1000, height: 800 });
});

afterAll(async () => {
  await browser?.close();
  panel?.close();
});

beforeEach(async () => {
  await page.reload();
  await page.waitForSelector(".charts");
});

const make = (options: Parameters<ChartsPage["make"]>[0]) => page.evaluate((wanted) => studio.make(wanted), options);
const chart = (id: string) => page.locator(`[data-chart="${id}"]`);
/** Pixels of a chart's canvas that are not background. */
const inked = (id: string) =>
  page.evaluate((chartId) => {
    const canvas = document.querySelector<HTMLCanvasElement>(`[data-chart="${chartId}"] canvas`);
    if (!canvas) return 0;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i]! > 0) count++;
    return count;
  }, id);
const legend = async (id: string) => (await chart(id).locator("figcaption").innerText()).replace(/\s+/g, " ");

/** Polls: the page forbids the evaluation of text that playwright's own waiting needs. */
async function until<T>(read: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  const start = Date.now();
  for (;;) {
    const value = await read();
    if (good(value)) return value;
    if (Date.now() - start > 20_000) throw new Error(`waited in vain, got ${JSON.stringify(value)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

describe("the charts", () => {
  it("draw every run, name it with its values, and show optional charts only where there are rows", async () => {
    await make({ count: 2, steps: 300 });
    expect(await until(() => inked("loss"), (count) => count > 5000)).toBeGreaterThan(5000);
    expect(await page.locator(".chart").count()).toBe(4);
    expect(await legend("loss")).toMatch(/last values post-LN each batch [\d.]+, training [\d.]+, validation [\d.]+ without warmup 1 each batch/);
    await make({ count: 1, steps: 300, sharp: true, exact: true });
    expect(await until(() => page.locator(".chart").count(), (count) => count === 6)).toBe(6);
    expect(await legend("sharpness")).toMatch(/sharpness [\d.]+, edge of stability/);
  });

  it("draw again as rows come in, and after the run went back", async () => {
    await make({ count: 1, steps: 100 });
    await until(() => legend("lr"), (text) => text.includes("rate"));
    await page.evaluate(() => studio.append("run-0", 100, 200, 400));
    expect(await page.evaluate(() => studio.range())).toEqual([1, 200]);
    await page.evaluate(() => studio.rewind("run-0", 50));
    // The last validation is of step 48.
    expect(await page.evaluate(() => studio.range())).toEqual([1, 50]);
  });

  it("share one cursor: the pointer on one chart reads all of them, from all rows", async () => {
    await make({ count: 1, steps: 600 });
    await until(() => inked("loss"), (count) => count > 3000);
    await chart("loss").locator(".u-over").hover({ position: { x: 100, y: 60 } });
    const text = await until(() => legend("grad-norm"), (now) => now.startsWith("step"));
    const [, step] = /^step (\d+)/.exec(text)!;
    expect(await legend("lr")).toContain(`step ${step} `);
    // The lines of the others stand at the same place.
    const places = await until(() => page.evaluate(() => [...document.querySelectorAll(".u-cursor-x")].map((line) => line.getBoundingClientRect().x - line.closest(".u-over")!.getBoundingClientRect().x)), (all) => all.every((x) => x > 0));
    for (const place of places) expect(Math.abs(place - 100)).toBeLessThan(4);
    await page.mouse.move(5, 5);
    await until(() => legend("lr"), (now) => now.startsWith("last values"));
  });

  it("zoom by dragging, all at once, and back by a double click", async () => {
    await make({ count: 2, steps: 600 });
    await until(() => inked("loss"), (count) => count > 3000);
    const box = (await chart("loss").locator(".u-over").boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.25, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + 60, { steps: 4 });
    await page.mouse.up();
    const [min, max] = (await page.evaluate(() => studio.range())) as [number, number];
    expect(min).toBeGreaterThan(120);
    expect(min).toBeLessThan(180);
    expect(max).toBeGreaterThan(420);
    expect(max).toBeLessThan(480);
    await page.keyboard.down("Shift");
    await page.mouse.wheel(0, 60);
    await page.keyboard.up("Shift");
    const panned = await until(() => page.evaluate(() => studio.range()), ([from]) => from! > min);
    expect(panned[1]! - panned[0]!).toBeCloseTo(max - min, 6);
    await page.getByRole("button", { name: "Later" }).click();
    // Not past the last step.
    expect((await page.evaluate(() => studio.range()))[1]).toBeCloseTo(600, 9);
    await page.mouse.dblclick(box.x + 50, box.y + 50);
    expect(await page.evaluate(() => studio.range())).toEqual([1, 600]);
  });

  it("are read and zoomed by keys, and say where the cursor is", async () => {
    await make({ count: 1, steps: 600 });
    await until(() => inked("loss"), (count) => count > 3000);
    const plot = chart("loss").getByRole("slider");
    await plot.focus();
    await page.keyboard.press("Home");
    expect(await plot.getAttribute("aria-valuetext")).toMatch(/^step 1: post-LN each batch [\d.]+, training/);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+ArrowRight");
    const [, step] = /^step (\d+)/.exec((await plot.getAttribute("aria-valuetext"))!)!;
    expect(Number(step)).toBeGreaterThan(30);
    expect(await legend("lr")).toContain(`step ${step} `);
    await page.keyboard.press("+");
    const [low, high] = (await page.evaluate(() => studio.range())) as [number, number];
    expect(high - low).toBeLessThan(310);
    await page.keyboard.press("0");
    expect(await page.evaluate(() => studio.zoomed())).toBe(false);
  });

  it("say with a norm whether its step was clipped or skipped", async () => {
    await make({ count: 1, steps: 200 });
    await until(() => inked("grad-norm"), (count) => count > 3000);
    const plot = chart("grad-norm").getByRole("slider");
    await plot.focus();
    await page.keyboard.press("Home");
    expect(await plot.getAttribute("aria-valuetext")).toMatch(/\(clipped\)$/);
    for (let i = 0; i < 4; i++) await page.keyboard.press("Shift+ArrowRight");
    expect(await plot.getAttribute("aria-valuetext")).toBe("step 41: post-LN norm none (skipped)");
  });

  it("go by time, on log axes, and smooth as told", async () => {
    await make({ count: 2, steps: 600 });
    await page.getByRole("button", { name: "time", exact: true }).click();
    const [from, to] = (await page.evaluate(() => studio.range())) as [number, number];
    expect(from).toBeCloseTo(0.03, 6);
    expect(to).toBeCloseTo(600 * 0.04, 6);
    await page.getByRole("button", { name: "log x" }).click();
    await chart("loss").getByRole("button", { name: "log" }).click();
    expect(await until(() => inked("loss"), (count) => count > 3000)).toBeGreaterThan(3000);
    await page.getByRole("slider", { name: /^Smoothing/ }).fill("0");
    expect(await until(() => legend("loss"), (text) => !text.includes("each batch"))).toContain("post-LN training");
  });

  it("have a table on demand", async () => {
    await make({ count: 2, steps: 600 });
    await chart("lr").getByRole("button", { name: "table" }).click();
    const rows = chart("lr").locator("tbody tr");
    expect(await rows.count()).toBe(20);
    expect(await rows.first().innerText()).toMatch(/^1\s+1\.33e-4\s+1\.33e-4$/);
    expect(await rows.last().locator("th").innerText()).toBe("600");
  });

  it("are saved as SVG that names the runs, and as PNG at twice the size", async () => {
    await make({ count: 2, steps: 300 });
    const svg = await page.evaluate(() => studio.svg("loss"));
    expect(svg).toMatch(/^<svg xmlns/);
    expect(svg).toContain("post-LN: validation");
    expect(svg).not.toMatch(/NaN|var\(/);
    const parsed = await page.evaluate((text) => new DOMParser().parseFromString(text, "image/svg+xml").querySelector("parsererror")?.textContent ?? null, svg);
    expect(parsed).toBeNull();
    const png = await page.evaluate(() => studio.png("grad-norm"));
    expect(png).toMatchObject({ head: [137, 80, 78, 71, 13, 10, 26, 10], width: 1600, height: 900 });
    expect(png.bytes).toBeGreaterThan(10_000);
    const saving = page.waitForEvent("download");
    await chart("loss").getByRole("button", { name: "Save Loss as SVG" }).click();
    expect((await saving).suggestedFilename()).toBe("loss.svg");
  });

  it("change their colours with the theme", async () => {
    await make({ count: 1, steps: 300 });
    await page.evaluate(() => studio.theme("light"));
    const light = await page.evaluate(() => studio.svg("lr"));
    await page.evaluate(() => studio.theme("dark"));
    expect(await page.evaluate(() => studio.svg("lr"))).not.toBe(light);
    await page.evaluate(() => studio.theme("system"));
  });

  it("pan over 10 runs of 50,000 steps: a drawing holds few enough points", async () => {
    await make({ count: 10, steps: 50_000 });
    await until(() => inked("loss"), (count) => count > 3000);
    const rate = await page.evaluate(() => studio.pan(20, 50_000));
    console.log(`charts: 10 runs of 50,000 steps pan at ${rate.toFixed(1)} frames a second`);
    expect(rate).toBeGreaterThan(0);
    // Three curves of the loss for each run: at most two points for a pixel, one on each side, and few validations.
    expect(await page.evaluate(() => studio.points(400))).toBeLessThanOrEqual(10 * (2 * (2 * 400 + 3) + 8));
    expect(await page.evaluate(() => studio.points(400))).toBeGreaterThan(10 * 2 * 400);
  });

  it("axe finds nothing, in light and dark, with tables open", async () => {
    await make({ count: 3, steps: 300, sharp: true, exact: true });
    for (const button of await page.getByRole("button", { name: "table" }).all()) await button.click();
    for (const theme of ["light", "dark"] as const) {
      await page.evaluate((name) => studio.theme(name), theme);
      expect(await axeViolations(page)).toEqual([]);
    }
    await page.evaluate(() => studio.theme("system"));
  });

  it("nothing was complained of", () => expect(complaints).toEqual([]));
});
