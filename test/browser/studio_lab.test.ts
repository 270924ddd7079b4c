// The Warmup Lab in the studio: an experiment run by its buttons, stopped, gone on with after a reload, and its report.
import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.js";
import { openStudio, serveStudio, tinyLink, type ServedStudio, type StudioPage } from "../support/studio.js";

let served: ServedStudio;
let browser: Browser;
let opened: StudioPage;

beforeAll(async () => {
  [served, browser] = await Promise.all([serveStudio(), launchBrowser()]);
  opened = await openStudio(browser, served.url + tinyLink);
});
afterAll(async () => {
  await browser?.close();
  served?.close();
});

const edge = "On a quadratic, descent diverges exactly past 2 / λmax, warmup or not";

async function openLab(page: Page): Promise<void> {
  await page.getByRole("tab", { name: "Lab" }).click();
  await page.getByRole("button", { name: "Show the experiments" }).click();
  await page.getByText(edge).click();
}

describe("the lab", () => {
  it("loads only when it is opened", async () => {
    expect(served.requested.some((path) => path.includes("lab_worker"))).toBe(false);
    await openLab(opened.page);
    await opened.page.getByRole("definition").filter({ hasText: "it cannot prevent it" }).waitFor();
    expect(served.requested.some((path) => path.includes("lab_worker"))).toBe(true);
  });

  it("runs an experiment, stops it, and goes on with what was kept after a reload", async () => {
    const { page, complaints, elsewhere } = opened;
    await page.getByRole("button", { name: `Run ${edge}` }).click();
    // Kept every two seconds.
    await page.getByText(/(1\d|[2-9]) of 48 settings/).waitFor({ timeout: 120_000 });
    await page.waitForTimeout(3000);
    await page.getByRole("button", { name: "Stop", exact: true }).last().click();
    await page.getByText(/^Stopped\. What was measured is kept/).waitFor();

    await page.reload();
    await openLab(page);
    await page.getByRole("button", { name: `Run ${edge}` }).click();
    await page.getByText(/[1-9]\d* from an earlier run/).waitFor({ timeout: 120_000 });
    await page.getByText("Done.").waitFor({ timeout: 200_000 });
    const outcome = page.locator(".lab-outcome");
    await outcome.getByText("In your training:").waitFor();
    expect(await outcome.getByText("confirmed", { exact: true }).count()).toBe(3);
    const pictures = outcome.locator("img");
    expect(await pictures.count()).toBe(1);
    expect(await pictures.first().evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 0)).toBe(true);

    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save the report" }).click()]);
    const html = readFileSync((await download.path())!, "utf8");
    expect(html).toMatch(/swiftshader/i);
    expect(html.match(/<svg/g)).toHaveLength(1);
    expect(complaints).toEqual([]);
    expect(elsewhere).toEqual([]);
  });
});
