// kiln lab: what it lists, measures, writes, and how it goes on after an interruption.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildCli, kiln, startKiln, temporaryFolder } from "./run_kiln.js";

const { folder, remove } = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);
const cellsFile = (out: string) => at(out, "cells", "quadratic-edge.small.jsonl");
const cellsIn = (out: string) => (existsSync(cellsFile(out)) ? readFileSync(cellsFile(out), "utf8").split("\n").length - 2 : 0);

beforeAll(buildCli);
afterAll(remove);

describe("kiln lab", () => {
  it("lists the experiments, without a device", () => {
    const { code, stdout } = kiln(folder, ["lab", "--list"], { KILN_ADAPTER: "none of them" });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ 1 {2}quadratic-edge /m);
  });

  it("is stopped by Ctrl-C, goes on where it stopped, and writes data, pictures and a report", async () => {
    const running = startKiln(folder, ["lab", "quadratic-edge", "--out", "lab"]);
    await expect.poll(() => cellsIn("lab"), { timeout: 120_000, interval: 20 }).toBeGreaterThan(2);
    running.child.kill("SIGINT");
    const stopped = await running.outcome;
    expect(stopped.code).toBe(130);
    expect(stopped.stdout).toContain("the same command goes on from there");
    const kept = cellsIn("lab");
    expect(kept).toBeLessThan(48);
    const before = readFileSync(cellsFile("lab"), "utf8");

    const { code, stdout, stderr } = kiln(folder, ["lab", "quadratic-edge", "--out", "lab"]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/verdict {3}confirmed after/);
    expect(stdout).toMatch(/^advice {4}\S/m);
    expect(stdout).toContain("1 confirmed");
    const after = readFileSync(cellsFile("lab"), "utf8");
    expect(after.startsWith(before)).toBe(true);
    expect(cellsIn("lab")).toBe(48);
    const result = JSON.parse(readFileSync(at("lab", "quadratic-edge.json"), "utf8")) as { verdict: string; measured: unknown[] };
    expect(result).toMatchObject({ verdict: "confirmed", size: "small" });
    expect(result.measured).toHaveLength(48);
    expect(readFileSync(at("lab", "quadratic-edge.csv"), "utf8").trim().split("\n")).toHaveLength(49);
    expect(readFileSync(at("lab", "quadratic-edge-1.svg"), "utf8")).toMatch(/^<svg [^]*<\/svg>\n$/);
    const html = readFileSync(at("lab", "report.html"), "utf8");
    expect(html).toContain("SwiftShader");
    expect(html.match(/<svg/g)).toHaveLength(1);

    // Nothing is measured again, and the results are the same.
    const again = kiln(folder, ["lab", "quadratic-edge", "--out", "lab"]);
    expect(again.code).toBe(0);
    expect(readFileSync(cellsFile("lab"), "utf8")).toBe(after);
  });

  it("refuses what makes no sense", () => {
    for (const [args, said] of [
      [["lab"], "needs the name of an experiment"],
      [["lab", "nonesuch"], "no such experiment, got nonesuch; choose from"],
      [["lab", "--all", "quadratic-edge"], "--all is every experiment"],
    ] as const) {
      const { code, stderr } = kiln(folder, [...args]);
      expect(code).toBe(1);
      expect(stderr).toContain(said);
      expect(stderr.trim().split("\n")).toHaveLength(1);
    }
  });
});
