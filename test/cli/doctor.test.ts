// kiln doctor: what it measures, what it finds wrong, and that it can fail.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findingsOf, type Examined } from "../../src/cli/doctor/findings.js";
import type { Machine } from "../../src/cli/doctor/machine.js";
import { AdapterError } from "../../src/errors.js";
import { buildCli, kiln, temporaryFolder } from "./run_kiln.js";

const { folder, remove } = temporaryFolder();
beforeAll(buildCli);
afterAll(remove);

interface Report {
  versions: Record<string, string>;
  adapter: { name: string; software: boolean };
  limits: Record<string, number>;
  features: string[];
  checks: { name: string; ok: boolean; result: string; took_ms: number; measured: Record<string, number> }[];
  findings: { level: string; what: string; cure: string }[];
}

describe("kiln doctor", () => {
  it("says all that a bug report needs, tests the adapter in seconds, and ends with 0 where Kiln works", () => {
    const { code, stdout, stderr } = kiln(folder, ["doctor", "--json"]);
    expect(code, stdout + stderr).toBe(0);
    const report = JSON.parse(stdout) as Report;
    expect(report.versions).toMatchObject({ kiln: expect.stringMatching(/^\d+\.\d+/) as string, node: process.version, webgpu: expect.stringMatching(/^\d+\./) as string, swiftshader: expect.stringMatching(/^\d+\./) as string });
    expect(report.adapter).toMatchObject({ name: expect.stringContaining("SwiftShader") as string, software: true });
    expect(report.limits.maxBufferSize).toBeGreaterThan(2 ** 20);
    expect(report.features.length).toBeGreaterThan(0);
    expect(report.checks.map(({ name, ok }) => [name, ok])).toEqual(["transfer", "product", "odd values", "memory", "arithmetic", "training", "clean"].map((name) => [name, true]));
    const measured = Object.assign({}, ...report.checks.map((check) => check.measured)) as Record<string, number>;
    for (const name of ["writeMBps", "readMBps", "copyGBps", "gflops", "stepsPerSecond", "compile_ms"]) expect(measured[name], name).toBeGreaterThan(0);
    expect(measured.shareOfBound).toBeGreaterThan(0);
    expect(measured.shareOfBound).toBeLessThan(1);
    expect(measured.lastLoss).toBeLessThan(measured.firstLoss! / 1.5);
    const seconds = report.checks.reduce((sum, { took_ms }) => sum + took_ms, 0) / 1000;
    console.log(`the self-test took ${seconds.toFixed(1)} s`);
    // About five on a machine that does nothing else.
    expect(seconds).toBeLessThan(60);
    expect(report.findings.map(({ level }) => level)).not.toContain("broken");
    expect(report.findings.find(({ what }) => what.startsWith("no GPU is in use"))).toMatchObject({ level: "slow" });
    expect(report.findings.find(({ what }) => what.includes("KILN_ADAPTER"))).toMatchObject({ level: "note" });
  });

  it("is read by people too", () => {
    const { code, stdout } = kiln(folder, ["doctor"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^kiln {6}\d+\.\d+\.\d+, Node v/);
    expect(stdout).toMatch(/\n {2}product {5}ok {6}130 x 517 x 129 and its gradients are right to [\d.e-]+ % of what rounding may cost/);
    expect(stdout).toMatch(/\n {2}training {4}ok {6}loss [\d.]+ to [\d.]+ in 60 steps/);
    expect(stdout).toMatch(/\nslow {6}no GPU is in use.*\n {10}do: /);
    expect(stdout.trimEnd()).toMatch(/Kiln works on this machine\.$/);
  });

  it("ends with 1, and says what was tried and what to do, where there is no adapter", () => {
    const env = { VK_DRIVER_FILES: "/nonexistent", VK_ICD_FILENAMES: "/nonexistent" };
    const { code, stdout } = kiln(folder, ["doctor", "--adapter", "hardware"], env);
    expect(code).toBe(1);
    expect(stdout).toMatch(/variable {2}VK_DRIVER_FILES=\/nonexistent/);
    expect(stdout).toMatch(/\nbroken {4}openDevice: no WebGPU adapter found; tried; the system's graphics drivers: .*\n {10}do: .*KILN_ADAPTER/);
    expect(stdout.trimEnd()).toMatch(/1 thing is broken\.$/);
    const report = JSON.parse(kiln(folder, ["doctor", "--adapter", "hardware", "--json"], env).stdout) as Report;
    expect(report.checks).toEqual([]);
    expect(report.findings[0]!.level).toBe("broken");
  });

  it("finds a cache folder that cannot be", () => {
    const file = join(folder, "a-file");
    writeFileSync(file, "");
    mkdirSync(join(folder, "elsewhere"), { recursive: true });
    const { code, stdout } = kiln(join(folder, "elsewhere"), ["doctor", "--adapter", "swiftshader"], { KILN_CACHE: "/proc/kiln" });
    expect(code).toBe(1);
    expect(stdout).toMatch(/broken {4}the folder for unpacked drivers, \/proc\/kiln, cannot be written\n {10}do: set KILN_CACHE to another folder/);
  });

  it("refuses flags that it does not know", () => expect(kiln(folder, ["doctor", "--fix"]).code).toBe(2));
});

describe("what doctor finds", () => {
  const machine: Machine = {
    versions: { kiln: "1.0.0", node: "v22.0.0", v8: "12", webgpu: "1.0.0", swiftshader: "1.0.0" },
    system: "linux",
    processor: "1 x",
    memory: { total: 8e9, free: 4e9 },
    gpuFiles: [],
    vulkanDrivers: [],
    environment: {},
    folders: [],
  };
  const adapter = { name: "GPU", vendor: "v", architecture: "a", class: "gpu-subgroup", software: false, subgroupMinSize: 32, subgroupMaxSize: 32, subgroupMatrices: [] } as const;
  const healthy: Examined = { machine, device: { adapter, features: ["shader-f16", "subgroups", "timestamp-query"], limits: {} }, error: null, checks: [] };
  const found = (changes: Partial<Examined>) => findingsOf({ ...healthy, ...changes }).map(({ level, what }) => `${level}: ${what}`);

  it("is nothing on a machine where all is well", () => expect(found({})).toEqual([]));

  it("is the part of the self-test that failed", () => {
    const check = { name: "product", ok: false, result: "the product is wrong", took_ms: 1, measured: {} };
    expect(found({ checks: [check, { ...check, ok: true }] })).toEqual(['broken: the self-test\'s part "product" failed: the product is wrong']);
  });

  it("is a Node that is too old, a package that is missing, too little memory, a folder that cannot be written", () => {
    const broken: Machine = { ...machine, versions: { ...machine.versions, node: "v18.20.0", webgpu: null }, memory: { total: 8e9, free: 1e8 }, folders: [{ purpose: "runs", path: "/out", writable: false, cure: "move" }] };
    expect(found({ machine: broken })).toEqual([
      "broken: Node v18.20.0 is too old",
      "broken: the package webgpu, which brings WebGPU to Node, is not installed",
      "broken: the folder for runs, /out, cannot be written",
      expect.stringMatching(/^slow: only 95 MB of memory are free/) as string,
    ]);
  });

  it("is a GPU that no driver serves", () => {
    const hidden = { ...healthy, machine: { ...machine, gpuFiles: ["/dev/dri/renderD128"] }, device: { ...healthy.device!, adapter: { ...adapter, name: "llvmpipe", software: true } } };
    const [finding] = findingsOf(hidden);
    expect(finding).toMatchObject({ level: "slow", what: expect.stringMatching(/^no GPU is in use, although the system has \/dev\/dri\/renderD128: llvmpipe computes on the processor/) as string });
    if (process.platform === "linux") expect(finding!.cure).toMatch(/Vulkan driver/);
  });

  it("is what no adapter was found by, with a way out that fits", () => {
    const error = new AdapterError("openDevice: no WebGPU adapter found; tried", ["the system's graphics drivers: none"]);
    const cure = (changes: Partial<Machine>) => findingsOf({ ...healthy, machine: { ...machine, ...changes }, device: null, error }).at(0)!.cure;
    expect(cure({ versions: { ...machine.versions, swiftshader: null } })).toMatch(/npm install @sparticuz\/chromium/);
    expect(cure({ versions: { ...machine.versions, webgpu: null } })).toBe("npm install webgpu");
    expect(cure({ gpuFiles: ["/dev/nvidia0"] })).toMatch(/driver.*or without a GPU/);
  });

  it("names features that are missing, and what that costs", () => {
    const bare = { ...healthy, device: { ...healthy.device!, features: [] } };
    expect(found(bare)).toEqual([
      expect.stringContaining("slow: the adapter has no subgroups") as string,
      expect.stringContaining("note: the adapter has no shader-f16") as string,
      expect.stringContaining("note: the adapter has no timestamp-query") as string,
    ]);
  });
});
