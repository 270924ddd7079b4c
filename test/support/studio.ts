// Kiln Studio in a real browser: built as it is published, served from a sub-folder by a server that counts what is asked of it.
import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
// @ts-expect-error plain JavaScript, of the build
import { buildStudio } from "../../scripts/build_studio.mjs";
// @ts-expect-error plain JavaScript, of the build
import { staticServer } from "../../scripts/static_server.mjs";

export interface ServedStudio {
  url: string;
  /** Paths asked for so far, in order. */
  requested: string[];
  close(): void;
}

export async function serveStudio(): Promise<ServedStudio> {
  const folder = mkdtempSync(join(tmpdir(), "kiln-studio-"));
  await buildStudio(folder);
  const requested: string[] = [];
  const prefix = "/some/folder/";
  const server = staticServer(folder, { prefix, onRequest: (path: string) => requested.push(path) }) as Server;
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const close = () => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: `http://localhost:${(server.address() as AddressInfo).port}${prefix}`, requested, close };
}

export interface StudioPage {
  page: Page;
  /** Console errors and uncaught exceptions. */
  complaints: string[];
  /** Addresses that were asked for and do not begin with the studio's. */
  elsewhere: string[];
}

/** A page of a profile of its own. */
export async function openStudio(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<StudioPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const [complaints, elsewhere]: [string[], string[]] = [[], []];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  const base = url.replace(/[#?].*/, "");
  context.on("request", (request) => !/^(data|blob):/.test(request.url()) && !request.url().startsWith(base) && elsewhere.push(request.url()));
  await page.goto(url);
  return { page, complaints, elsewhere };
}

/** Small enough to train in seconds on a software adapter that others use too. */
export const tinyLink = "#layers=1&heads=2&width=16&block=16&batch=4&evalBatches=2&evalEvery=20&steps=20000&warmup=20&checkpointEvery=10";

/** What the page says of the run in front: "training, step 12 of 400, loss 3.210". */
export async function stateOf(page: Page): Promise<{ text: string; step: number; loss: number }> {
  const text = (await page.locator(".run-controls .status").innerText()).replace(/\s+/g, " ");
  return { text, step: Number(/step ([\d,]+) of/.exec(text)?.[1]?.replace(/,/g, "") ?? NaN), loss: Number(/loss ([\d.]+)/.exec(text)?.[1] ?? NaN) };
}

/** Looks by a timer: where the processor draws and computes, frames, by which Playwright looks otherwise, may be long in coming. */
const patience = { timeout: 120_000, polling: 100 };

/** Waits until the run in front is past `step`. */
export async function untilStep(page: Page, step: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => Number(/step ([\d,]+) of/.exec(document.querySelector(".run-controls .status")?.textContent ?? "")?.[1]?.replace(/,/g, "") ?? -1) >= wanted,
    step,
    patience,
  );
}

export async function untilSays(page: Page, text: string): Promise<void> {
  await page.waitForFunction((wanted) => document.querySelector(".run-controls .status")?.textContent?.includes(wanted), text, patience);
}
