// Kiln Studio through its own controls, as a user works it: nothing here reaches behind the page.
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.js";
import { openStudio, serveStudio, stateOf, tinyLink, untilSays, untilStep, type ServedStudio, type StudioPage } from "../support/studio.js";

let studio: ServedStudio;
let browser: Browser;
const open: StudioPage[] = [];

beforeAll(async () => {
  [studio, browser] = await Promise.all([serveStudio(), launchBrowser()]);
});

afterAll(async () => {
  await browser?.close();
  studio?.close();
});

async function openPage(hash = tinyLink, options = {}): Promise<StudioPage> {
  const opened = await openStudio(browser, studio.url + hash, options);
  open.push(opened);
  return opened;
}

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const field = (page: Page, name: string) => page.locator(`#setting-${name}`);

/** Points of the loss curve's canvas that are neither the paper nor transparent. */
function inkOf(page: Page): Promise<number> {
  return page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>("canvas")!;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    let ink = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i]! > 0) ink++;
    return ink;
  });
}

/** What the model wrote, newest first: the step and the text of each. */
async function textsOf(page: Page): Promise<string[]> {
  const shown = page.getByRole("tabpanel", { name: "Text" }).getByRole("article");
  return Promise.all((await shown.all()).map(async (text) => `${await text.getByRole("heading").innerText()}: ${await text.locator(".tokens").innerText()}`));
}

/** Rules broken, each with where; of what is folded away too. axe needs no help of the page's policy: it runs through the debugger. */
async function accessibilityFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => (details.open = true)));
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(" ")} ${failureSummary}`).join("; ")}`);
}

describe("a run from start to end", () => {
  let page: Page;
  let firstLoss: number;

  it("begins with one press of a button: loss falls and a chart draws", async () => {
    ({ page } = await openPage());
    await page.getByText("Ready. Press Start.").waitFor();
    await button(page, "Start").click();
    await untilStep(page, 1);
    const first = await stateOf(page);
    firstLoss = first.loss;
    const blank = await inkOf(page);
    await untilStep(page, 80);
    const later = await stateOf(page);
    expect(later.text).toContain("training");
    expect(later.loss, `${first.text} -> ${later.text}`).toBeLessThan(first.loss - 0.3);
    await expect.poll(() => inkOf(page), { timeout: 30_000 }).toBeGreaterThan(blank);
  });

  it("shows text that the model wrote while it trains", async () => {
    await page.getByRole("tab", { name: "Text" }).click();
    const panel = page.getByRole("tabpanel", { name: "Text" });
    await expect.poll(async () => (await panel.innerText()).length, { timeout: 120_000 }).toBeGreaterThan(80);
  });

  it("pauses and goes on", async () => {
    await button(page, "Pause").click();
    await untilSays(page, "paused");
    const paused = await stateOf(page);
    await page.waitForTimeout(700);
    expect((await stateOf(page)).step).toBe(paused.step);
    await button(page, "Resume").click();
    await untilStep(page, paused.step + 5);
  });

  it("goes on after the page was loaded again", async () => {
    await button(page, "Pause").click();
    await untilSays(page, "paused");
    const before = await stateOf(page);
    // Once it is saved.
    await expect.poll(() => button(page, "Resume").isEnabled(), { timeout: 30_000 }).toBe(true);
    const written = await textsOf(page);
    expect(written.length).toBeGreaterThan(1);
    await page.reload();
    await untilSays(page, "step");
    const after = await stateOf(page);
    expect(after.step).toBe(before.step);
    expect(after.text).toContain("paused");
    await expect.poll(() => textsOf(page), { timeout: 30_000 }).toEqual(written);
    await button(page, "Resume").click();
    await untilStep(page, before.step + 10);
    expect((await stateOf(page)).loss, "as if it began anew").toBeLessThan(firstLoss - 0.3);
  });

  it("stops", async () => {
    await button(page, "Stop").click();
    await untilSays(page, "stopped");
    // Once it is saved.
    await expect.poll(() => button(page, "Resume").isEnabled(), { timeout: 30_000 }).toBe(true);
  });

  it("says how much is stored", async () => {
    await page.getByRole("tab", { name: "Runs" }).click();
    await page.getByText(/This site stores [\d.]+ [kM]B of at most [\d.]+ [MG]B in this browser, which /).waitFor();
  });
});

it("shows a falling loss soon after it was opened, with nothing changed", async () => {
  const opened = performance.now();
  const seconds = () => (performance.now() - opened) / 1000;
  const { page } = await openPage("");
  await page.getByText("Ready. Press Start.").waitFor();
  const ready = seconds();
  await button(page, "Start").click();
  await untilStep(page, 1);
  const first = seconds();
  await page.waitForFunction(() => Number(/loss ([\d.]+)/.exec(document.querySelector(".run-controls .status")?.textContent ?? "")?.[1]) < 3.5, null, { timeout: 120_000 });
  const falling = seconds();
  console.log(`default preset: ready after ${ready.toFixed(1)} s, first step shown after ${first.toFixed(1)} s, loss down from 4.9 to below 3.5 after ${falling.toFixed(1)} s; ${(await stateOf(page)).text}`);
  // 15 s on a machine with nothing else to do; the tests run beside each other.
  expect(falling).toBeLessThan(60);
  await button(page, "Stop").click();
});

describe("the form", () => {
  it("takes settings from a link, and puts changes into the address", async () => {
    const { page } = await openPage("#width=32&normType=rms&lr=0.002");
    expect(await field(page, "width").inputValue()).toBe("32");
    expect(await field(page, "normType").inputValue()).toBe("rms");
    expect(await field(page, "lr").inputValue()).toBe("0.002");
    await field(page, "layers").fill("3");
    await page.waitForURL(/layers=3/);
    const copy = await openPage(new URL(page.url()).hash);
    expect(await field(copy.page, "layers").inputValue()).toBe("3");
    expect(await field(copy.page, "width").inputValue()).toBe("32");
  });

  it("tells what is wrong with a link and keeps the rest", async () => {
    const { page } = await openPage("#width=seven&layers=3&preset=%ff&warp=9");
    await page.getByText('needs a whole number at least 1, got "seven"').waitFor();
    await page.getByText('does not know: "warp"').waitFor();
    expect(await field(page, "layers").inputValue()).toBe("3");
  });

  it("says what is wrong beside the field, and starts nothing", async () => {
    const { page } = await openPage();
    await page.getByText("Ready. Press Start.").waitFor();
    await field(page, "width").fill("15");
    await page.locator("#setting-width-error").getByText("must be a multiple of heads").waitFor();
    expect(await field(page, "width").getAttribute("aria-invalid")).toBe("true");
    expect(await button(page, "Start").isDisabled()).toBe(true);
    await field(page, "width").fill("abc");
    await page.locator("#setting-width-error").getByText("needs a whole number").waitFor();
    await field(page, "width").fill("24");
    expect(await page.locator("#setting-width-error").innerText()).toBe("");
    expect(await button(page, "Start").isEnabled()).toBe(true);
  });

  it("counts parameters and memory as settings change, and says when they cannot fit", async () => {
    const { page } = await openPage();
    const size = page.getByLabel("Size of this run");
    const parameters = async () => Number(/Parameters\s+([\d,]+)/.exec(await size.innerText())?.[1]?.replace(/,/g, "") ?? NaN);
    await size.getByText("Fits this device").waitFor({ timeout: 60_000 });
    const small = await parameters();
    await field(page, "width").fill("64");
    await expect.poll(parameters, { timeout: 60_000 }).toBeGreaterThan(4 * small);
    await field(page, "width").fill("16384");
    await size.getByText("Will not fit").waitFor({ timeout: 60_000 });
  });

  it("trains on a text that was pasted", async () => {
    const { page } = await openPage();
    await field(page, "data").selectOption({ label: "Your own text or CSV" });
    await page.locator("#own-text").fill("to be or not to be, that is the question. ".repeat(40));
    await page.getByLabel("Size of this run").getByText("Fits this device").waitFor({ timeout: 60_000 });
    await button(page, "Start").click();
    await untilStep(page, 20);
    expect((await stateOf(page)).text).toContain("pasted text");
    await button(page, "Stop").click();
  });

  it("takes a table from a file, and names the row that is malformed", async () => {
    const { page } = await openPage();
    await field(page, "data").selectOption({ label: "Your own text or CSV" });
    const choose = (name: string, text: string) => page.locator(".file input").setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });
    await choose("bad.csv", 'a,b\n1,"2\n');
    await page.locator(".notice.error").getByText("bad.csv").waitFor();
    await choose("words.csv", `word,count\n${"whale,3\nship,4\n".repeat(60)}`);
    await page.getByText(/words\.csv: [\d,]+ characters/).waitFor();
    expect(await page.locator("#own-text").inputValue()).toContain("whale,3\nship,4\n");
    await page.getByLabel("word", { exact: true }).check();
    await page.getByText(/words\.csv#word: [\d,]+ characters/).waitFor();
    expect(await page.locator("#own-text").inputValue()).toBe("whale\nship\n".repeat(60));
    await page.getByLabel("count", { exact: true }).check();
    expect(await page.locator("#own-text").inputValue()).toContain("whale\t3\n");
    // What is typed is no table's.
    await page.locator("#own-text").fill("typed by hand");
    expect(await page.getByLabel("word", { exact: true }).count()).toBe(0);
  });

  it("says that a link's own text is not in the link", async () => {
    const { page } = await openPage("#data=notes.txt");
    await page.locator("#setting-data-error").getByText('the text "notes.txt" is not here').waitFor();
  });
});

describe("the page", () => {
  it("works by keyboard alone", async () => {
    const { page } = await openPage();
    await page.getByText("Ready. Press Start.").waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
    for (let i = 0; i < 12 && (await focused()) !== "Start"; i++) await page.keyboard.press("Tab");
    expect(await focused()).toBe("Start");
    await page.keyboard.press("Enter");
    await untilStep(page, 1);
    const tab = page.getByRole("tab").first();
    await tab.focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.getByRole("tab", { selected: true }).getAttribute("id")).not.toBe(await tab.getAttribute("id"));
    await button(page, "Stop").click();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    it(`passes axe in ${colorScheme}, before and while it trains, in every tab`, async () => {
      const { page } = await openPage(tinyLink, { colorScheme });
      await page.getByText("Ready. Press Start.").waitFor();
      expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe(colorScheme);
      expect(await accessibilityFaults(page)).toEqual([]);
      await button(page, "Start").click();
      await untilStep(page, 25);
      for (const tab of await page.getByRole("tab").all()) {
        await tab.click();
        expect(await accessibilityFaults(page), await tab.innerText()).toEqual([]);
      }
      await button(page, "Stop").click();
    });
  }

  it("keeps the theme that was chosen", async () => {
    const { page } = await openPage("", { colorScheme: "light" });
    await page.getByLabel("Theme").selectOption("dark");
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe("rgb(20, 23, 28)");
    await page.reload();
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe("dark");
  });

  it("fits a phone: nothing is wider than the screen", async () => {
    const { page } = await openPage(tinyLink, { viewport: { width: 390, height: 844 } });
    await page.getByText("Ready. Press Start.").waitFor();
    expect(await page.locator("#setting-width").isVisible()).toBe(false);
    await page.getByText("Settings of the next run").click();
    expect(await page.locator("#setting-width").isVisible()).toBe(true);
    for (const tab of await page.getByRole("tab").all()) {
      await tab.click();
      expect(await page.evaluate(() => document.documentElement.scrollWidth), await tab.innerText()).toBeLessThanOrEqual(390);
    }
  });

  it("loads nothing that it does not need, and asks nobody else", () => {
    expect(open.length).toBeGreaterThan(5);
    expect(open.flatMap(({ elsewhere }) => elsewhere)).toEqual([]);
    expect(studio.requested.every((path) => path.startsWith("/some/folder/"))).toBe(true);
    expect(studio.requested.filter((path) => path.includes("bench_worker"))).toEqual([]);
  });

  it("complains of nothing in the console", () => expect(open.flatMap(({ complaints }) => complaints)).toEqual([]));
});

describe("a browser without WebGPU", () => {
  it("shows what to do, and no blank page", async () => {
    const bare = await launchBrowser([]);
    try {
      const { page, complaints } = await openStudio(bare, studio.url);
      await page.getByRole("heading", { name: /no WebGPU|no graphics device/ }).waitFor();
      const text = await page.locator("main").innerText();
      for (const words of ["Chrome", "Firefox", "Safari", "chrome://flags/#enable-unsafe-webgpu", "npx kiln train"]) expect(text).toContain(words);
      expect(await accessibilityFaults(page)).toEqual([]);
      expect(complaints).toEqual([]);
    } finally {
      await bare.close();
    }
  });
});
