// Every case of the op tables in a real browser, forward and backward: the bits that Node gets from the same driver, or,
// where the browser's shader compiler rounds differently, values within the tolerance table.
import { readdirSync } from "node:fs";
import type { Server } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Device } from "../../src/index.js";
import { openDevice } from "../../src/node/open_device.js";
import { allCases } from "../support/all_cases.js";
import { launchBrowser, openPage, servePage } from "../support/browser.js";
import { digestCases, valuesOfCase } from "../support/case_results.js";
import type { OpCase } from "../support/op_cases.js";
import { fault } from "../support/fault.js";
import { compare } from "../support/tolerances.js";
import type { OpsPage } from "./ops_page.js";

let browser: Browser;
let server: Server;
let page: Page;
let complaints: string[];
let device: Device;
const counts = { equal: 0, near: 0, refused: 0 };

beforeAll(async () => {
  browser = await launchBrowser();
  const served = await servePage("test/browser/ops_page.ts");
  server = served.server;
  ({ page, complaints } = await openPage(browser, served.url));
  device = await openDevice({ adapter: "swiftshader" });
});

afterAll(async () => {
  device?.close();
  await browser?.close();
  server?.close();
});

/** Calls a function of the page. */
function inPage<Name extends keyof OpsPage>(name: Name, ...args: Parameters<OpsPage[Name]>): Promise<Awaited<ReturnType<OpsPage[Name]>>> {
  const call = ([name, args]: [string, unknown[]]) => (globalThis as unknown as { kilnOps: Record<string, (...args: unknown[]) => Promise<unknown>> }).kilnOps[name]!(...args);
  return page.evaluate(call, [name, args] as [string, unknown[]]) as never;
}

/** What differs by more than the tolerances of the case. */
async function compareValues(file: string, position: number, one: OpCase): Promise<string[]> {
  const [there, here] = [await inPage("values", file, position), await valuesOfCase(device, file, position)];
  return Object.keys(here).flatMap((what) => {
    const result = compare(there[what] ?? [], here[what]!, what === "output" ? one.tolerance : (one.gradientTolerance ?? "gradient"));
    return result.worst <= 1 ? [] : [`${one.name}, ${what}: ${result.message}`];
  });
}

describe("ops in Chromium", () => {
  it("are all there, on the same driver", async () => {
    const files = readdirSync("test/cases").map((name) => name.replace(/\.ts$/, ""));
    expect(Object.keys(allCases)).toEqual(files.sort());
    for (const [file, cases] of Object.entries(allCases)) expect(cases.length, file).toBeGreaterThan(0);
    const { name, kind } = await inPage("adapter");
    expect([name, device.adapter.name]).toEqual([expect.stringMatching(/swiftshader/i), expect.stringMatching(/swiftshader/i)]);
    expect(kind, "chooses the same kernels").toBe(device.adapter.class);
  });

  it.each(Object.keys(allCases))("%s agrees with Node", async (file) => {
    const [there, here] = await Promise.all([inPage("digests", file), digestCases(device, file)]);
    const wrong: string[] = [];
    for (const [position, one] of allCases[file]!.entries()) {
      const same = JSON.stringify(there[position]) === JSON.stringify(here[position]);
      if (here[position]!.error) {
        counts.refused++;
        if (!same) wrong.push(`${one.name}: ${there[position]!.error}, in Node ${here[position]!.error}`);
      } else if (same) counts.equal++;
      else {
        counts.near++;
        wrong.push(...(await compareValues(file, position, one)));
      }
    }
    expect(wrong).toEqual([]);
  });

  fault(42, "Chromium", "every case of the op tables, forward and backward: Node's bits, or within the tolerance table; all memory back", async (count) => {
    const { equal, near, refused } = counts;
    console.log(`${equal + near + refused} cases in the page: ${equal} have Node's bits, ${near} are within the tolerance table`);
    expect(refused, "cases that throw").toBe(0);
    expect([await inPage("memory"), device.memory().liveBytes]).toEqual([0, 0]);
    expect(complaints).toEqual([]);
    expect(equal + near, "run the whole file: this row counts what the tests above compared").toBe(Object.values(allCases).flat().length);
    count(equal, "op cases with Node's bits");
    count(near, "within the tolerance table");
  });
});
