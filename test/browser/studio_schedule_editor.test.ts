// The schedule editor in a real browser: dragging, drawing, typing, and what comes out of it.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser, openPage } from "../support/browser.js";
import { axeViolations, servePanel, type PanelPage } from "../support/panel_page.js";
import type { EditorPage } from "./studio_schedule_editor_page.js";

declare const studio: EditorPage;

let browser: Browser;
let panel: PanelPage;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  panel = await servePanel("test/browser/studio_schedule_editor_page.tsx", "test/browser/studio_schedule_editor_worker.ts");
  browser = await launchBrowser();
  ({ page, complaints } = await openPage(browser, panel.url));
  await page.setViewportSize({ width: 1000, height: 1000 });
});

afterAll(async () => {
  await browser?.close();
  panel?.close();
});

beforeEach(async () => {
  await page.reload();
  await page.waitForSelector(".schedule-editor");
  await page.locator("summary").click();
});

const settings = () => page.evaluate(() => studio.settings());
const text = () => page.locator("textarea");
const part = (index: number) => page.locator(".schedule-part").nth(index);
const handle = (key: string) => page.locator(`[data-handle="${key}"]`);

async function drag(key: string, dx: number, dy: number): Promise<void> {
  const { x, y, width, height } = (await handle(key).boundingBox())!;
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width / 2 + dx, y + height / 2 + dy, { steps: 4 });
  await page.mouse.up();
}

/** Of one step, and of the rate, on the plot. */
async function scale(): Promise<{ step: number; top: number }> {
  const box = (await page.locator("[data-plot]").boundingBox())!;
  const [start, end] = [(await handle("0:peak").boundingBox())!, (await handle("1:end").boundingBox())!];
  return { step: (end.x - start.x) / 540, top: box.y };
}

describe("the schedule editor", () => {
  it("begins with the warmup and decay of the settings, as plot, parts and text", async () => {
    expect(await text().inputValue()).toBe('warmup({ steps: 60, to: 0.008, convention: "nanogpt" })\n  .then(cosine({ to: 0.0004, steps: 540 }))');
    expect(await page.locator(".plot-handle").count()).toBe(3);
    expect(await handle("0:peak").getAttribute("aria-valuetext")).toBe("step 60, rate 0.008");
    expect(await page.locator("[data-sum]").innerText()).toMatch(/^2\.51, of squares/);
    expect(await page.locator("[data-robbins-monro]").innerText()).toMatch(/never falls to 0/);
  });

  it("the peak is dragged: the plain settings follow, the decay ends where it did", async () => {
    const { step } = await scale();
    await drag("0:peak", 60 * step, 40);
    const { warmup, lr, schedule, decay, minLr, steps } = await settings();
    expect(Math.abs(warmup - 120)).toBeLessThanOrEqual(2);
    expect(lr).toBeLessThan(0.008);
    expect({ schedule, decay, minLr, steps }).toEqual({ schedule: "", decay: "cosine", minLr: 4e-4, steps: 600 });
    expect(await part(1).getByLabel("steps", { exact: true }).inputValue()).toBe(String(600 - warmup));
  });

  it("the end of the decay is dragged inwards: then only text says it", async () => {
    const { step } = await scale();
    await drag("1:end", -100 * step, -30);
    const { schedule } = await settings();
    expect(schedule).toMatch(/^warmup\(\{ steps: 60, to: 0\.008, convention: "nanogpt" \}\)\n {2}\.then\(cosine\(\{ to: 0\.00\d+, steps: 4[34]\d \}\)\)$/);
    expect(await text().inputValue()).toBe(schedule);
    const [, steps] = /cosine\(.*steps: (\d+)/.exec(schedule)!;
    const [end, after] = await page.evaluate((at) => studio.rates([at, 599]), 60 + Number(steps));
    expect(after).toBe(end);
  });

  it("is moved by keys, with what it says read out", async () => {
    await handle("0:peak").focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+ArrowRight");
    expect((await settings()).warmup).toBe(71);
    const before = (await settings()).lr;
    await page.keyboard.press("ArrowUp");
    const { lr } = await settings();
    expect(lr).toBeGreaterThan(before);
    expect(await handle("0:peak").getAttribute("aria-valuetext")).toBe(`step 71, rate ${lr.toPrecision(3).replace(/0+$/, "")}`);
    expect(await page.evaluate(() => document.activeElement!.getAttribute("data-handle"))).toBe("0:peak");
  });

  it("takes a schedule as text, and shows it", async () => {
    await text().fill("warmupStableDecay({ warmup: 50, stable: 400, decay: 100, to: 0.01 })");
    expect((await settings()).schedule).toBe("warmupStableDecay({ warmup: 50, stable: 400, decay: 100, to: 0.01 })");
    expect(await page.locator(".plot-handle").count()).toBe(4);
    expect(await part(0).getByLabel("stable").inputValue()).toBe("400");
    await part(0).getByLabel("stable").fill("300");
    await part(0).getByLabel("stable").press("Enter");
    expect((await settings()).schedule).toContain("stable: 300");
  });

  it("says beside the text what is wrong with it, keeps it, and starts no run with it", async () => {
    await text().fill("warmpu({ steps: 3, to: 1 })");
    expect(await page.locator("#schedule-expression-error").innerText()).toContain('unknown function "warmpu" at column 1; did you mean warmup?');
    expect(await text().inputValue()).toBe("warmpu({ steps: 3, to: 1 })");
    expect(await page.evaluate(() => studio.error())).toMatchObject({ field: "schedule" });
    expect((await settings()).schedule).toBe("");
    await text().fill("linear({ from: 1, to: -1, steps: 100 })");
    expect(await page.locator("#schedule-expression-error").innerText()).toContain("must not be negative");
    await text().fill("constant(0.002)");
    expect(await page.locator("#schedule-expression-error").innerText()).toBe("");
    expect(await page.evaluate(() => studio.error())).toBeNull();
    expect((await settings()).schedule).toBe("constant(0.002)");
  });

  it("combines parts: another shape, one more, a factor, bounds, one less", async () => {
    await part(1).getByLabel("shape").selectOption("inverseSqrt");
    expect((await settings()).schedule).toMatch(/then\(inverseSqrt\(\{ timescale: \d+ \}\)\)$/);
    await page.getByLabel("Add a part").selectOption("linear");
    expect(await page.locator(".schedule-part").count()).toBe(3);
    await page.getByLabel("Do something to part 2").selectOption("times");
    expect((await settings()).schedule).toMatch(/inverseSqrt\(\{ timescale: \d+ \}\)\.times\(oscillation\(\{ amplitude: 0\.2, period: \d+ \}\)\)/);
    await page.getByLabel("Do something to all parts").selectOption("clamp");
    expect((await settings()).schedule).toMatch(/\.clamp\(\{ min: [\de.-]+ \}\)$/);
    await page.getByRole("button", { name: "Remove part 3" }).click();
    expect(await page.locator(".schedule-part").count()).toBe(2);
    const rates = await page.evaluate(() => studio.rates([599]));
    expect(rates[0]).toBeGreaterThanOrEqual(8e-4 * 0.99);
  });

  it("multiplies a part that another follows by a factor without an end: what follows stays where it is", async () => {
    await page.getByLabel("Do something to part 1").selectOption("times");
    expect((await settings()).schedule).toBe('warmup({ steps: 60, to: 0.008, convention: "nanogpt" }).times(oscillation({ amplitude: 0.2, period: 30 }))\n  .then(cosine({ to: 0.0004, steps: 540 }), { at: 60 })');
    await page.getByRole("button", { name: "remove from part 1: times another curve" }).click();
    expect(await page.evaluate(() => studio.rates([60]))).toEqual([0.008]);
  });

  it("refuses what no schedule can be, and says why", async () => {
    const field = part(0).getByLabel("steps", { exact: true });
    await field.fill("2.5");
    await field.press("Enter");
    expect(await page.locator(".schedule-editor > .error").innerText()).toMatch(/steps must be a whole number|integer|got 2\.5/);
    expect((await settings()).warmup).toBe(60);
    await field.fill("many");
    await field.press("Enter");
    expect(await part(0).innerText()).toContain('steps: needs a number, got "many"');
  });

  it("is drawn by hand", async () => {
    await page.getByRole("button", { name: "draw" }).click();
    const paper = (await page.locator(".plot-paper").boundingBox())!;
    await page.mouse.move(paper.x + 1, paper.y + paper.height - 2);
    await page.mouse.down();
    for (let i = 1; i <= 20; i++) await page.mouse.move(paper.x + (paper.width * i) / 20, paper.y + paper.height * (1 - 0.8 * Math.sin((Math.PI * i) / 20)));
    await page.mouse.up();
    const { schedule } = await settings();
    expect(schedule).toMatch(/^piecewise\(\[\[/);
    const [start, middle, end] = await page.evaluate(() => studio.rates([0, 300, 600]));
    const top = 0.008 * 1.15;
    expect(Math.abs(middle! - 0.8 * top)).toBeLessThan(0.05 * top);
    expect(Math.max(start!, end!)).toBeLessThan(0.1 * top);
    await page.getByRole("button", { name: "draw" }).click();
    const points = await page.locator(".plot-handle").count();
    await handle("0:point 2").focus();
    await page.keyboard.press("Delete");
    expect(await page.locator(".plot-handle").count()).toBe(points - 1);
  });

  it("takes changes back, a whole drag at once", async () => {
    expect(await page.getByRole("button", { name: "undo" }).isDisabled()).toBe(true);
    await drag("0:peak", 40, 40);
    expect((await settings()).lr).not.toBe(0.008);
    await page.waitForTimeout(900);
    await text().fill("constant(0.1)");
    await page.getByRole("button", { name: "undo" }).click();
    expect((await settings()).schedule).toBe("");
    await page.getByRole("button", { name: "undo" }).click();
    expect(await settings()).toMatchObject({ lr: 0.008, warmup: 60, schedule: "" });
    expect(await page.getByRole("button", { name: "undo" }).isDisabled()).toBe(true);
  });

  it("fits a known schedule to this run and its peak", async () => {
    await page.getByLabel("Begin with a known schedule").selectOption("llama-2");
    expect(await page.evaluate(() => studio.rates([2, 600]))).toEqual([expect.closeTo(0.008, 6), expect.closeTo(0.0008, 9)]);
  });

  it("gives biases and norms a curve of their own, and takes it back", async () => {
    await page.getByRole("button", { name: "biases and norms…" }).click();
    await text().fill("constant(0.001)");
    const own = await settings();
    expect([own.vectorSchedule, own.schedule, own.lr]).toEqual(["constant(0.001)", "", 0.008]);
    expect(await page.locator(".plot-other").count()).toBeGreaterThan(0);
    await page.getByRole("button", { name: "matrices" }).click();
    expect(await text().inputValue()).toContain("cosine");
    await page.getByRole("button", { name: "one rate for all" }).click();
    expect((await settings()).vectorSchedule).toBe("");
  });

  it("shows the run that trains: where it is, what it used, whether the schedule is stable for it", async () => {
    await page.evaluate(() => studio.train(150, 0.009));
    await page.locator("[data-now='150']").waitFor();
    expect(await page.locator("[data-used]").getAttribute("d")).toMatch(/^M/);
    expect(await page.locator("[data-stability]").getAttribute("data-stability")).toBe("inside");
    await text().fill("constant(0.02)");
    expect(await page.locator("[data-stability]").getAttribute("data-stability")).toBe("past");
    expect(await page.locator("[data-stability]").innerText()).toContain("largest stable rate of first run was 0.009");
  });

  it("gives the run that trains the new rates, exactly those of the plot", async () => {
    await page.evaluate(() => studio.train(150, null));
    await text().fill("constant(0.003).times(cosine({ from: 1, steps: 600 }))");
    await page.getByRole("button", { name: "Apply to first run" }).click();
    const start = Date.now();
    let changes = await page.evaluate(() => studio.workerChanges());
    while (changes.length === 0 && Date.now() - start < 10_000) changes = await page.evaluate(() => studio.workerChanges());
    const { schedule } = changes.at(-1)!;
    expect(await page.evaluate((sent) => studio.ratesOf(sent, [0, 150, 333, 600]), schedule!)).toEqual(await page.evaluate(() => studio.rates([0, 150, 333, 600])));
    await page.getByRole("button", { name: "Take its schedule" }).click();
    expect((await settings()).schedule).toBe("");
  });

  it("shows rates on a log axis", async () => {
    const linear = await page.locator("[data-curve]").getAttribute("d");
    await page.getByRole("button", { name: "log" }).click();
    expect(await page.locator("[data-curve]").getAttribute("d")).not.toBe(linear);
    expect(await page.locator("[data-curve]").getAttribute("d")).not.toMatch(/NaN|Infinity/);
  });

  it("axe finds nothing, in light and dark, with everything open", async () => {
    await page.evaluate(() => studio.train(150, 0.005));
    await page.getByLabel("Do something to part 1").selectOption("times");
    await page.getByLabel("Do something to all parts").selectOption("clamp");
    for (const theme of ["light", "dark"] as const) {
      await page.evaluate((name) => studio.theme(name), theme);
      expect(await axeViolations(page)).toEqual([]);
    }
    await page.evaluate(() => studio.theme("system"));
  });

  it("nothing was complained of", () => expect(complaints).toEqual([]));
});
