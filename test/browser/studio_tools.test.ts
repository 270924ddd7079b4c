// The studio's tools in a real browser: what they find, and that a run trains on as if they had not been there.
import type { Server } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdviceResult, RangeTestResult, SharpnessMeasurement } from "../../src/studio/protocol.js";
import { launchBrowser, openPage, servePage } from "../support/browser.js";
import type { ToolsTests } from "./studio_tools_page.js";

declare const toolsTests: ToolsTests;
type Changes = Parameters<ToolsTests["run"]>[0];
type Tool = Parameters<ToolsTests["run"]>[1];

let server: Server;
let browser: Browser;
let page: Page;
let complaints: string[];

beforeAll(async () => {
  const [served, launched] = await Promise.all([servePage("test/browser/studio_tools_page.ts"), launchBrowser()]);
  [server, browser] = [served.server, launched];
  ({ page, complaints } = await openPage(browser, served.url));
});

afterAll(async () => {
  await browser?.close();
  server?.close();
});

const run = (changes: Changes, tool: Tool, abortAt: number | null = null) => page.evaluate(([changes, tool, abortAt]) => toolsTests.run(changes, tool, abortAt), [changes, tool, abortAt] as const);
const tool = (name: Parameters<ToolsTests["tool"]>[0], changes: Changes) => page.evaluate(([name, changes]) => toolsTests.tool(name, changes), [name, changes] as const);

describe("a run with a tool between its steps", () => {
  const variants: [string, Changes][] = [
    ["AdamW with dropout", {}],
    ["SGD that accumulates two batches, with averaged weights", { optimizer: "sgd", weightDecay: 0, accumulate: 2, ema: 0.9 }],
  ];

  it.each(variants)("is bit for bit the run without: %s", async (_, changes) => {
    const alone = await run(changes, "none");
    expect(alone.losses).toHaveLength(9);
    expect(new Set(alone.losses).size).toBe(9);
    expect(alone.validations).toHaveLength(4);
    for (const tool of ["range test", "sharpness"] as const) {
      const { measured, ...trained } = await run(changes, tool);
      expect(measured).toHaveLength(1);
      expect(typeof measured[0], String(measured[0])).toBe("object");
      expect(trained, tool).toEqual({ ...alone, measured: undefined });
    }
  });

  it("is so after advice too, and after a tool that was cancelled in the middle", async () => {
    const { measured: _, ...alone } = await run({}, "none");
    const { measured, ...advised } = await run({}, "advice");
    expect(advised).toEqual(alone);
    expect(measured).toEqual([expect.objectContaining({ peak: expect.any(Number), warmup: expect.any(Number) })]);
    for (const tool of ["range test", "advice", "sharpness"] as const) {
      const { measured, ...cancelled } = await run({}, tool, 3);
      expect(measured, tool).toEqual(["enough"]);
      expect(cancelled, tool).toEqual(alone);
    }
  });
});

describe("what tools find", () => {
  it("range test: rising rates, losses, and a peak between the steepest fall and the burst", async () => {
    const { lrs, losses, smoothed, marks, suggestion, explanation } = (await tool("range test", {})) as RangeTestResult;
    expect(lrs[0]).toBeCloseTo(1e-7, 12);
    for (let i = 1; i < lrs.length; i++) expect(lrs[i]).toBeGreaterThan(lrs[i - 1]!);
    expect([losses.length, smoothed.length]).toEqual([lrs.length, lrs.length]);
    const at = Object.fromEntries(marks.map(({ label, lr }) => [label, lr]));
    expect(at.onset).toBeGreaterThan(at.steepest!);
    expect(suggestion).toBeCloseTo(at.onset!, 1);
    expect(suggestion! / at.onset!).toBeCloseTo(1, 1);
    expect(explanation).toContain("falls fastest at");
  });

  it("advice: a schedule that the settings take, with its reasons", async () => {
    const { peak, warmup, start, schedule, vectorSchedule, reasons } = (await tool("advice", { steps: 200 })) as AdviceResult;
    expect(peak).toBeGreaterThan(start);
    expect(warmup).toBe(20);
    expect(schedule).toContain(`warmup({ steps: ${warmup}, to: ${peak}`);
    expect(vectorSchedule).toBe("");
    expect(reasons.join(" ")).toContain("The gradient noise scale is");
  });

  it("advice keeps the ratio of a group with a schedule of its own", async () => {
    const { peak, vectorSchedule } = (await tool("advice", { vectorSchedule: "constant(4e-3)", steps: 100 })) as AdviceResult;
    expect(vectorSchedule).toMatch(/\.scale\(/);
    expect(vectorSchedule).toContain(String(peak));
  });

  it("sharpness: its edge, and where the rate stands to it", async () => {
    const { measured } = await run({}, "sharpness");
    const [first] = measured as SharpnessMeasurement[];
    // c / lambda with c = 2 (1 + beta1) / (1 - beta1) = 38.
    expect(first!.threshold * first!.sharpness).toBeCloseTo(38, 3);
    expect(first).toMatchObject({ step: 5, preconditioned: true });
    expect(first!.share).toBeCloseTo(first!.rate / first!.threshold, 6);
  });

  it("sharpness has no edge for an optimizer without a rule", async () => {
    const { measured } = await run({ optimizer: "lion" }, "sharpness");
    expect(measured[0]).toMatchObject({ threshold: NaN, verdict: "unknown", sharpness: expect.any(Number) });
  });

  it("says which setting makes no sense", async () => {
    expect(await tool("advice", { steps: 5, warmup: 0 })).toBe("steps: advice is for runs of 10 steps and more, got 5; raise it");
    expect(await tool("range test", { width: 17 })).toContain("width: must be a multiple of heads, got width 17");
  });

  it("complains of nothing in the console", () => expect(complaints).toEqual([]));
});
