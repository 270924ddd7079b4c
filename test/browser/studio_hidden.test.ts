// Kiln Studio in a page that nobody sees: Chromium draws no frame of it and holds back its timers, and training goes on.
import { afterAll, beforeAll, expect } from "vitest";
import { BareChromium, type BareTab } from "../support/bare_chromium.js";
import { webgpuFlags } from "../support/browser.js";
import { fault } from "../support/fault.js";
import { serveStudio, tinyLink, type ServedStudio } from "../support/studio.js";

/** Timers of a hidden page once a minute at most, as users get it after five minutes. */
const soon = "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/1";
const window_ms = 6000;

let studio: ServedStudio;
let browser: BareChromium;

beforeAll(async () => {
  studio = await serveStudio();
  browser = new BareChromium([...webgpuFlags, soon]);
});

afterAll(async () => {
  await browser?.close();
  studio?.close();
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const visibility = (tab: BareTab) => tab.evaluate<string>("document.visibilityState");
const stepOf = async (tab: BareTab) => Number(/step ([\d,]+) of/.exec(await tab.evaluate<string>('document.querySelector(".run-controls .status")?.textContent ?? ""'))?.[1]?.replace(/,/g, "") ?? NaN);

/** Of the page's own thread: frames drawn, and ticks of a timer. */
const countsOf = (tab: BareTab) => tab.evaluate<{ frames: number; ticks: number }>("({ frames, ticks })");

/** Steps a second, from now on. */
async function paceOf(tab: BareTab): Promise<number> {
  const [before, started] = [await stepOf(tab), performance.now()];
  await pause(window_ms);
  return (1000 * ((await stepOf(tab)) - before)) / (performance.now() - started);
}

fault(36, "Chromium", "studio: a hidden tab trains on at its pace, without frames and with timers held back", async () => {
  const tab = await browser.openTab(studio.url + tinyLink);
  const start = '[...document.querySelectorAll("button")].find((button) => button.textContent === "Start")';
  await expect.poll(() => tab.evaluate(`${start}?.disabled`), { timeout: 120_000 }).toBe(false);
  await tab.evaluate(`${start}.click()`);
  await expect.poll(() => stepOf(tab), { timeout: 120_000 }).toBeGreaterThan(50);
  await tab.evaluate("[globalThis.frames, globalThis.ticks] = [0, 0]; setInterval(() => ticks++, 10); (function draw() { frames++; requestAnimationFrame(draw); })()");
  expect(await visibility(tab)).toBe("visible");
  const seen = await paceOf(tab);
  expect((await countsOf(tab)).ticks).toBeGreaterThan(window_ms / 100);

  await tab.setWindow("minimized");
  await expect.poll(() => visibility(tab), { timeout: 30_000 }).toBe("hidden");
  await pause(2000);
  const before = await countsOf(tab);
  const hidden = await paceOf(tab);
  const after = await countsOf(tab);
  expect(await visibility(tab)).toBe("hidden");
  expect(after.frames).toBe(before.frames);
  expect(after.ticks - before.ticks, "timers are not held back").toBeLessThan(window_ms / 500);

  await tab.setWindow("normal");
  await expect.poll(() => visibility(tab), { timeout: 30_000 }).toBe("visible");
  const again = await paceOf(tab);
  console.log(`steps a second: ${seen.toFixed(0)} seen, ${hidden.toFixed(0)} hidden, ${again.toFixed(0)} seen again`);
  // Others use the processor too.
  expect(hidden).toBeGreaterThan(0.6 * Math.min(seen, again));
}, 240_000);
