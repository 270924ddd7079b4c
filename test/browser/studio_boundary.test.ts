// A panel that fails takes no other with it, says what happened, and can be tried again.
import type { Server } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, openPage, servePage } from "../support/browser.js";

let browser: Browser;
let server: Server;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  browser = await launchBrowser([]);
  const served = await servePage("test/browser/studio_boundary_page.tsx");
  server = served.server;
  ({ page, complaints } = await openPage(browser, served.url));
});

afterAll(async () => {
  await browser?.close();
  server?.close();
});

const breakPanel = (how: string) => page.evaluate((wanted) => void (globalThis as unknown as { breakPanel(how: string): void }).breakPanel(wanted), how);

describe("a panel that fails", () => {
  for (const [how, message] of [["drawing", "broke while drawing"], ["effect", "broke in an effect"]] as const) {
    it(`in ${how} is told, leaves the others, and comes back`, async () => {
      await page.getByText("fragile panel").waitFor();
      await breakPanel(how);
      const alert = page.getByRole("alert");
      await alert.getByText("Fragile stopped working.").waitFor();
      await alert.getByText(message).waitFor();
      expect(await page.getByText("other panel").isVisible()).toBe(true);
      await page.getByRole("button", { name: "Try again" }).click();
      await alert.getByText(message).waitFor();
      await breakPanel("no");
      await page.getByRole("button", { name: "Try again" }).click();
      await page.getByText("fragile panel").waitFor();
      expect(await alert.count()).toBe(0);
    });
  }

  it("is in the console for whoever looks into it", () => expect(complaints.join("\n")).toContain("broke while drawing"));
});
