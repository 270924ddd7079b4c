// What a run computes in a page that nobody sees: the bits that it has in one that is seen. studio_hidden.test.ts tests its pace.
import type { Server } from "node:http";
import { afterAll, beforeAll, expect } from "vitest";
import { BareChromium } from "../support/bare_chromium.js";
import { servePage, webgpuFlags } from "../support/browser.js";
import { fault } from "../support/fault.js";

const [steps, hiddenFrom] = [300, 30];
let served: { url: string; server: Server };

beforeAll(async () => {
  served = await servePage("test/browser/studio_recovery_page.ts");
});

afterAll(() => void served?.server.close());

interface Trained {
  rows: [number, string][];
  wentOnAt: unknown[];
  frames: number;
}

/** In a profile of its own; the page is hidden from step 30 to the end if asked. */
async function trained(isHidden: boolean): Promise<Trained> {
  const browser = new BareChromium(webgpuFlags);
  try {
    const tab = await browser.openTab(served.url);
    const stepOf = () => tab.evaluate<number>("recovery.progress().then(({ step }) => step)");
    await expect.poll(() => tab.evaluate("typeof recovery"), { timeout: 60_000 }).not.toBe("undefined");
    await tab.evaluate(`void (globalThis.ended = recovery.train({ steps: ${steps} }))`);
    await expect.poll(stepOf, { timeout: 120_000, interval: 10 }).toBeGreaterThanOrEqual(hiddenFrom);
    if (isHidden) {
      await tab.setWindow("minimized");
      await expect.poll(() => tab.evaluate("document.visibilityState"), { timeout: 30_000, interval: 10 }).toBe("hidden");
    }
    expect(await stepOf(), "hidden too late").toBeLessThan(steps / 2);
    await tab.evaluate("void (globalThis.frames = 0, (function count() { requestAnimationFrame(() => (globalThis.frames++, count())); })())");
    expect(await tab.evaluate("ended.then(({ end }) => end)")).toBe("done");
    expect(await tab.evaluate("document.visibilityState")).toBe(isHidden ? "hidden" : "visible");
    return { ...(await tab.evaluate<Omit<Trained, "frames">>("recovery.progress()")), frames: await tab.evaluate("frames") };
  } finally {
    await browser.close();
  }
}

fault(
  36,
  "Chromium",
  "a page that is hidden while it trains: the rows of one that is seen, bit for bit",
  async (count) => {
    const seen = await trained(false);
    expect(seen.frames).toBeGreaterThan(10);
    const hidden = await trained(true);
    expect(hidden.frames, "the page was drawn: it was not hidden").toBeLessThanOrEqual(1);
    expect(hidden.rows.map(([step]) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
    expect(new Set(hidden.rows.map(([, row]) => row)).size).toBe(steps);
    expect(hidden.rows).toEqual(seen.rows);
    expect(hidden.wentOnAt).toEqual([]);
    count(steps / 2, "steps in a hidden page");
  },
  240_000,
);
