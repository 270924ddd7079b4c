// Rows of the fault table in a real browser: what a page sees, on the same driver as in Node.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import { chromiumCommand, launchBrowser, servePage, webgpuFlags } from "../support/browser.js";
import { runNode } from "../support/child.js";
import { activations, extremes } from "../support/extreme_values.js";
import { fault } from "../support/fault.js";
import { hostileCheckpoints, hostileSafetensors } from "../support/hostile_files.js";
import { compare } from "../support/tolerances.js";
import type { FaultTests } from "./faults_page.js";

let browser: Browser;
let served: { url: string; server: Server };
let page: Page;
/** Errors and warnings of the console, and what nobody caught. */
const complaints: string[] = [];
const limit_ms = 50;

beforeAll(async () => {
  [served, browser] = await Promise.all([servePage("test/browser/faults_page.ts"), launchBrowser()]);
  page = await opened(browser);
});

afterAll(async () => {
  await browser?.close();
  served?.server.close();
});

async function opened(inBrowser: Browser): Promise<Page> {
  const page = await inBrowser.newPage();
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && !message.text().includes("favicon") && complaints.push(message.text()));
  await page.goto(served.url);
  return page;
}

function call<Name extends keyof FaultTests>(name: Name, args: Parameters<FaultTests[Name]> | [] = [], inPage = page): Promise<Awaited<ReturnType<FaultTests[Name]>>> {
  const run = ([test, values]: readonly [string, unknown[]]) => (globalThis as unknown as { faultTests: Record<string, (...given: unknown[]) => unknown> }).faultTests[test]!(...values);
  return inPage.evaluate(run, [name, args as unknown[]] as const) as never;
}

fault(2, "Chromium", "browser tests without WebGPU fail, they are not skipped", async () => {
  const { executable, env } = chromiumCommand();
  const folder = mkdtempSync(join(tmpdir(), "kiln-no-webgpu-"));
  try {
    const script = join(folder, "chromium");
    const paths = Object.entries(env).flatMap(([name, value]) => (name === "LD_LIBRARY_PATH" ? [`export ${name}='${value}'`] : []));
    const strip = `for flag do shift; case "$flag" in ${webgpuFlags.map((flag) => flag.replace(/=.*/, "*")).join("|")}) ;; *) set -- "$@" "$flag";; esac; done`;
    writeFileSync(script, ["#!/bin/sh", ...paths, strip, `exec '${executable}' "$@"`, ""].join("\n"));
    chmodSync(script, 0o755);
    const { code, stdout, stderr } = await runNode(["node_modules/vitest/vitest.mjs", "run", "--project", "browser", "-t", "computes forward and backward", "test/browser/core.test.ts"], { KILN_BROWSER: script, CI: "" }, 110_000);
    expect(code, stdout + stderr).toBe(1);
    expect(stdout + stderr).toContain("navigator.gpu");
    expect(stdout + stderr).toMatch(/1 failed/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

fault(3, "Chromium", "a device closed or destroyed: pending reads reject, later calls throw at once, nothing comes back by itself", async (count) => {
  for (const error of await call("closed")) expect(error).toMatch(/^DisposedError: /);
  for (const error of await call("destroyed")) expect(error).toMatch(/^DeviceLostError: .*lost \(destroyed\)/);
  count(2, "devices lost");
});

fault(6, "Chromium", "a GPU that hangs: the wait ends at the deadline and names the kernel; the page can be closed", async () => {
  const hanging = await launchBrowser();
  const tab = await opened(hanging);
  const { error, later, waited_ms } = await call("endless", [], tab);
  expect(error).toMatch(/^GpuTimeoutError: .*no answer from the GPU within 1\.5 s, the last kernel launched was endless/);
  expect(later).toMatch(/^GpuTimeoutError|^DisposedError/);
  expect(waited_ms).toBeLessThan(20_000);
  const started = performance.now();
  await tab.close();
  await hanging.close();
  expect(performance.now() - started, "the page is gone soon, whatever its GPU does").toBeLessThan(40_000);
});

fault(7, "Chromium", "out of memory, as the browser tells it: a typed error at the next await, what was there stays right, freeing lets it go on", async (count) => {
  const { error, values, again } = await call("outOfMemory");
  expect(error).toMatch(/^OutOfMemoryError: GPU: out of memory, a buffer of \d+ bytes/);
  expect(values).toEqual([1, 2, 3]);
  expect(again).toBe(0);
  count(1, "allocations refused");
});

fault(8, "Chromium", "a tensor over the limit is an error that names limit and bytes, before any GPU call", async () => {
  const { error, buffers, largest } = await call("overTheLimit");
  expect(error).toMatch(/^OutOfMemoryError: .*4100 bytes.*4096/);
  expect(buffers).toBe(0);
  expect(largest).toBe(1024);
});

fault(9, "Chromium", "more than 65,535 workgroups: every element is computed", async () => {
  expect(await call("manyWorkgroups")).toEqual({ size: 65_535 * 64 + 1, wrong: 0 });
});

fault(10, "Chromium", "a validation error is the next await's rejection, once, and nothing in the console", async () => {
  const before = complaints.length;
  const { error, values } = await call("invalid");
  expect(error).toMatch(/^GpuError: GPU: /);
  expect(values).toEqual([2, 4]);
  expect(complaints.slice(before)).toEqual([]);
});

fault(11, "Chromium", "a kernel that does not compile is a ShaderError with line and column, each time; compiled once", async () => {
  const { errors, pipelines, values } = await call("brokenKernel");
  for (const error of errors) expect(error).toMatch(/^ShaderError: [\s\S]*4:10[\s\S]*no_such_function[\s\S]*"broken/);
  expect(errors).toHaveLength(2);
  expect(pipelines, "the broken kernel and the one that fills y").toBeLessThanOrEqual(2);
  expect(values).toEqual([0]);
});

fault(13, "Chromium", "NaN in a batch: the step is skipped, parameters and optimizer keep their bits, training goes on", async (count) => {
  const { skipped, error, ...rest } = await call("poisoned");
  expect(skipped).toBe(1);
  expect(error).toMatch(/^DivergedError: /);
  expect(rest).toEqual({ parametersKept: true, momentsKept: true, goesOn: true });
  count(6, "steps poisoned");
});

fault(14, "Chromium", "NaN is not hidden by ReLU, clamp, max, min", async (count) => {
  for (const [name, value] of Object.entries(await call("nans"))) {
    expect(value, name).toBeNaN();
    count(1, "ops given a NaN");
  }
});

fault(15, "Chromium", "activations, softmax and cross-entropy are finite and right at large and tiny values", async () => {
  const found = await call("activations");
  expect(Object.keys(found)).toEqual(Object.keys(activations));
  for (const [name, { values, gradient }] of Object.entries(found)) {
    const { worst, message } = compare(values, extremes.map((v) => activations[name]!.reference(Math.fround(v))), "transcendental");
    expect(worst, `${name}: ${message}`).toBeLessThanOrEqual(1);
    expect(gradient.every(Number.isFinite), `${name}'s gradient`).toBe(true);
  }
  const { softmax, loss } = await call("logits");
  expect(softmax).toEqual([1, 0, 0]);
  expect(compare(loss, [2e4], "reduction").worst).toBeLessThanOrEqual(1);
});

fault(21, "Chromium", "memory is constant over 200 steps, and back to where it was after dispose", async (count) => {
  const { before, after, buffers, left } = await call("memory");
  expect(after).toBe(before);
  expect(buffers, "buffers of the second call's recording").toBeLessThan(80);
  expect(left).toBe(0);
  count(200, "steps of constant memory");
});

fault(30, "Chromium", "every hostile header and 1,000 mutated files: typed errors in under 50 ms, the model untouched", async (count) => {
  const { hostile, untyped, tried, refused, slowest_ms, kept } = await call("hostileFiles");
  const wanted = [...hostileSafetensors(), ...hostileCheckpoints()];
  expect(hostile).toHaveLength(wanted.length);
  for (const [i, { what, error, message, took_ms }] of hostile.entries()) {
    expect([what, error]).toEqual([wanted[i]!.what, "CheckpointError"]);
    expect(message, what).toMatch(wanted[i]!.message);
    expect(took_ms, what).toBeLessThan(limit_ms);
  }
  expect(untyped).toEqual([]);
  expect(refused).toBeGreaterThan(700);
  expect(slowest_ms).toBeLessThan(limit_ms);
  expect(kept).toBe(true);
  count(hostile.length, "hostile files refused");
  count(tried, "mutated files tried");
  count(refused, "of these refused");
});

fault(32, "Chromium", "10 steps, a checkpoint, and 10 more in a fresh page are 20 steps, bit for bit", async (count) => {
  const whole = await call("steps", [20]);
  const first = await call("steps", [10]);
  const fresh = await opened(browser);
  const second = await call("steps", [20, first.saved], fresh);
  await fresh.close();
  expect(whole.losses).toHaveLength(20);
  expect(new Set(whole.losses).size).toBe(20);
  expect([...first.losses, ...second.losses]).toEqual(whole.losses);
  expect(second.bits).toEqual(whole.bits);
  expect(second.saved, "the whole checkpoint, optimizer and generators too").toEqual(whole.saved);
  count(10, "steps resumed");
});

fault(34, "Chromium", "malformed files, as the page's file input gives them, are a DataError with the line", async () => {
  const { marked, ...errors } = await call("files");
  expect(errors).toEqual({
    empty: expect.stringMatching(/^DataError: a\.txt: the file is empty/) as string,
    notUtf8: expect.stringMatching(/^DataError: .*byte 0xFF at offset 8 \(line 3\)/) as string,
    ragged: expect.stringMatching(/^DataError: .*line 3 has 1 cell, the first row has 2/) as string,
    openQuote: expect.stringMatching(/^DataError: .*line 2/) as string,
    noColumn: expect.stringMatching(/^DataError: .*no column "c"/) as string,
    short: expect.stringMatching(/^DataError: .*needs at least block \+ 1 = 257/) as string,
  });
  expect(marked, "byte order mark and CRLF").toBe("a\nb\n");
});

fault(10, "Chromium", "none of the rows above left an error or a warning in the console", () => {
  expect(complaints).toEqual([]);
});
