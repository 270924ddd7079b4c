// The text and attention panels, before small models trained in the page.
import axe from "axe-core";
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.js";
import { servePanel, type PanelPage } from "../support/panel_page.js";
import type { TextPage } from "./studio_text_page.js";

/** Set to keep pictures of what the tests see. */
const pictures = process.env.KILN_PICTURES;
const words = "the whale swam and the sea was calm\n".repeat(60);

let browser: Browser;
let served: PanelPage;
let page: Page;
const complaints: string[] = [];

declare const textPage: TextPage;

beforeAll(async () => {
  const at = (name: string) => resolve(import.meta.dirname, name);
  served = await servePanel(at("studio_text_page.tsx"), at("studio_text_worker.ts"));
  browser = await launchBrowser();
  const context = await browser.newContext({ viewport: { width: 1280, height: 1000 }, permissions: ["clipboard-read", "clipboard-write"] });
  page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.goto(served.url);
  expect(await page.evaluate(() => textPage.train("words", "", 0).catch((error: Error) => error.message))).toContain("the text is empty");
  await page.evaluate((source) => textPage.train("words", source, 120), words);
  expect(await page.evaluate(() => textPage.train("task", "task", 220))).toBeGreaterThan(0.2);
});
afterAll(async () => {
  await browser?.close();
  served?.close();
});
beforeEach(() => void (complaints.length = 0));

async function picture(name: string): Promise<void> {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: resolve(pictures, `${name}.png`), fullPage: true });
}

async function violations(): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate("axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })")) as axe.AxeResults;
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ").slice(0, 300)}`);
}

const text = () => page.locator('section[aria-label="Text"]');
const attention = () => page.locator('section[aria-label="Attention"]');
const select = (id: string) => page.evaluate((name) => textPage.select(name), id);
const writeNow = async (length: number) => {
  const before = await text().locator(".sample").count();
  await text().getByLabel("Length").fill(String(length));
  await text().getByRole("button", { name: "Write now" }).click();
  await expect.poll(() => text().locator(".sample").count(), { timeout: 60_000 }).toBe(before + 1);
  await expect.poll(() => text().locator('.sample[aria-busy="true"]').count(), { timeout: 60_000 }).toBe(0);
};

describe("the text panel", () => {
  it("writes on from a prompt, newest on top, and tells what each token's probability was and what else could have stood there", async () => {
    await select("words");
    await text().getByLabel("Prompt").fill("the wh");
    await text().getByLabel("Temperature").fill("0");
    await writeNow(20);
    const first = text().locator(".sample").first();
    const tokens = first.getByRole("option");
    expect(await tokens.count()).toBe(21);
    expect(await tokens.first().textContent()).toBe("the wh");
    expect(await first.locator(".tokens").textContent()).toMatch(/^the whale/);
    // The likeliest is what temperature 0 writes: first of its table.
    await tokens.nth(2).hover();
    const table = text().locator(".alternatives");
    expect(await table.locator("tbody tr").count()).toBe(6);
    expect(await table.locator("tbody tr").first().getAttribute("class")).toBe("chosen");
    expect(await table.locator("tbody tr").first().textContent()).toContain((await tokens.nth(2).textContent())!);
    await text().getByLabel("Prompt").fill("");
    await text().getByLabel("Temperature").fill("1.5");
    await writeNow(30);
    expect(await text().locator(".sample").count()).toBe(2);
    expect(await text().locator(".sample").nth(1).locator(".tokens").textContent()).toMatch(/^the whale/);
    await picture("text-light");
    expect(complaints).toEqual([]);
  });

  it("goes from token to token by the arrow keys", async () => {
    const list = text().locator(".sample").first().getByRole("listbox");
    await list.focus();
    await page.keyboard.press("Home");
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
    const active = await list.getAttribute("aria-activedescendant");
    const option = page.locator(`#${active}`);
    expect(await option.getAttribute("aria-selected")).toBe("true");
    expect(await option.getAttribute("data-index")).toBe("3");
    const share = /, (.*) %$/.exec((await option.getAttribute("aria-label"))!)![1]!;
    expect(await text().locator(".alternatives .chosen").innerText()).toContain(share);
    await page.keyboard.press("End");
    expect(await list.getAttribute("aria-activedescendant")).toMatch(/-30$/);
  });

  it("repeats with the same seed, differs with another, and copies", async () => {
    const newest = () => text().locator(".sample").first().locator(".tokens").textContent();
    await text().getByLabel("Temperature").fill("5");
    await writeNow(30);
    const before = await newest();
    await writeNow(30);
    expect(await newest()).toBe(before);
    await text().getByLabel("Seed").fill("7");
    await writeNow(30);
    expect(await newest()).not.toBe(before);
    await text().locator(".sample").first().getByRole("button", { name: "Copy" }).click();
    await expect.poll(() => text().getByRole("button", { name: "Copied" }).count()).toBe(1);
    const shown = (await newest())!.replaceAll("↵\n", "\n");
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(shown);
  });

  it("says what is wrong with a number or a prompt", async () => {
    await text().getByLabel("Top-p").fill("0");
    expect(await text().locator(".field .error").allTextContents()).toContain('Top-p: needs a number above 0 and at most 1, got "0"; for example Top-p 0.9');
    await text().getByLabel("Top-p").fill("1");
    await text().getByLabel("Prompt").fill("Quequeg");
    const count = await text().locator(".sample").count();
    await text().getByRole("button", { name: "Write now" }).click();
    await expect.poll(() => page.getByText('the vocabulary has no character "Q"').count()).toBe(1);
    expect(await text().locator(".sample").count()).toBe(count);
    await text().getByLabel("Prompt").fill("");
  });

  it("shows what the worker writes while training, and asks it to with the settings of the form", async () => {
    await text().getByLabel("Temperature").fill("0.7");
    await expect.poll(async () => (await page.evaluate(() => textPage.asked())).at(-1)).toMatchObject({ temperature: 0.7, prompt: "", length: 30 });
    await text().getByLabel("Write as it trains").uncheck();
    await expect.poll(async () => (await page.evaluate(() => textPage.asked())).at(-1)).toBe(null);
    await page.evaluate(() => textPage.tell("words", 140, [{ text: "ab", given: false, probability: 0.25, alternatives: [{ text: "cd", probability: 0.5 }] }]));
    const first = text().locator(".sample").first();
    await expect.poll(() => first.getByRole("heading").textContent()).toBe("step 140");
    await first.getByRole("option").hover();
    expect(await text().locator(".alternatives tbody tr").allInnerTexts()).toEqual([expect.stringMatching(/^cd\s+50 %$/), expect.stringMatching(/^ab\s.*25 %$/s)]);
  });

  it("shows problems of a toy task with the answer, right or wrong", async () => {
    await select("task");
    await writeNow(5);
    const rows = text().locator(".answers tbody tr");
    expect(await rows.count()).toBe(6); // All that were held back from 64.
    for (const row of await rows.all()) {
      const [prompt, answer, verdict] = await row.locator("td").allInnerTexts();
      const right = prompt!.slice(0, 2) === answer!.trim();
      expect(verdict!.trim()).toBe(right ? "✓ right" : `✗ wrong, it is ${prompt!.slice(0, 2)}`);
    }
    const counted = await rows.filter({ hasText: "✓" }).count();
    expect(await text().getByText(`${counted} of 6 right in every character.`).count()).toBe(1);
    await text().getByLabel("Prompt").fill("ah");
    await writeNow(5);
    expect(await rows.first().locator("td").first().innerText()).toBe("ah=");
    expect(await text().locator(".answers").first().getByRole("option").count()).toBe(2);
  });
});

describe("the attention panel", () => {
  it("shows a map for each head, and says what a cell means", async () => {
    await select("task");
    await attention().getByRole("button", { name: "Look" }).click();
    await expect.poll(() => attention().locator(".heads button").count(), { timeout: 60_000 }).toBe(4);
    const status = () => attention().locator(".attention-status").innerText();
    expect(await status()).toMatch(/\(token 5\) looks at . \(token \d\): [01]\.\d\d$/);
    await attention().locator(".large-map-scroll").focus();
    for (const key of ["ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp"]) await page.keyboard.press(key);
    // The first token can only look at itself.
    expect(await status()).toMatch(/^. \(token 1\) looks at . \(token 1\): 1\.00$/);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    const own = await status();
    await page.keyboard.press("ArrowLeft");
    const other = await status();
    expect(Number(own.slice(-4)) + Number(other.slice(-4))).toBeCloseTo(1, 1);
    const box = (await attention().locator(".cells").boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.9);
    expect(await status()).toMatch(/\(token 5\) looks at . \(token 2\)/);
    // Nothing is ahead of a token.
    await page.mouse.move(box.x + box.width * 0.9, box.y + box.height * 0.1);
    expect(await status()).toMatch(/\(token 5\) looks at . \(token 2\)/);
  });

  it("draws the weights: the first row's cell is the accent colour, what lies ahead is not", async () => {
    const colours = await attention().locator(".cells canvas").evaluate((canvas: HTMLCanvasElement) => {
      const pixel = (x: number, y: number) => [...canvas.getContext("2d")!.getImageData(x, y, 1, 1).data.slice(0, 3)].join(",");
      const swatch = document.createElement("canvas").getContext("2d")!;
      const named = (name: string) => {
        swatch.fillStyle = getComputedStyle(canvas).getPropertyValue(name);
        swatch.fillRect(0, 0, 1, 1);
        return [...swatch.getImageData(0, 0, 1, 1).data.slice(0, 3)].join(",");
      };
      return { first: pixel(0, 0), ahead: pixel(1, 0), accent: named("--accent"), raised: named("--raised") };
    });
    expect(colours.first).toBe(colours.accent);
    expect(colours.ahead).toBe(colours.raised);
  });

  it("chooses heads, and takes a text of the user's", async () => {
    await attention().getByRole("button", { name: "layer 2, head 1" }).click();
    expect(await attention().getByRole("button", { name: "layer 2, head 1" }).getAttribute("aria-pressed")).toBe("true");
    expect(await attention().locator(".cells canvas").getAttribute("aria-label")).toContain("Layer 2, head 1, 5 tokens");
    await select("words");
    await attention().getByLabel("Text").fill("the whale and the sea was calm");
    await attention().getByRole("button", { name: "Look" }).click();
    // The last twenty, as many as the model's context holds.
    await expect.poll(() => attention().locator(".large-map .rows span").allTextContents()).toEqual([..."nd the sea was calm".padStart(20, "a")].map((character) => (character === " " ? "␣" : character)));
    await attention().getByText("Where each token looks most, as a table").click();
    expect(await attention().locator(".large-map table tbody tr").count()).toBe(20);
    // After a validation the same text is read again, where that is wished.
    const from = () => attention().getByText(/^words, step [\d,]+\./).innerText();
    expect(await from()).toContain("step 140.");
    await page.evaluate(() => textPage.validate("words", 160));
    await attention().getByLabel("Look again as it trains").check();
    await expect.poll(from).toContain("step 160.");
    await page.evaluate(() => textPage.validate("words", 180));
    await expect.poll(from).toContain("step 180.");
    expect(await attention().locator(".large-map .rows span").count()).toBe(20);
    expect(complaints).toEqual([]);
  });
});

describe("both panels", () => {
  it.each(["light", "dark"] as const)("have no fault that axe finds: %s", async (theme) => {
    await page.evaluate((choice) => textPage.theme(choice), theme);
    for (const id of ["words", "task"]) {
      await select(id);
      await picture(`${id}-${theme}`);
      expect(await violations()).toEqual([]);
    }
  });

  it("fit a phone", async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    for (const id of ["words", "task"]) {
      await select(id);
      await picture(`${id}-phone`);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    }
    expect(complaints).toEqual([]);
  });
});
