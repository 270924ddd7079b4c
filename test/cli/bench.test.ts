// kiln bench as a command: what it writes, and what it refuses before it measures.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseLines, toLine } from "../../src/bench/row.js";
import { buildCli, kiln, temporaryFolder } from "./run_kiln.js";

const { folder, remove } = temporaryFolder();
beforeAll(buildCli);
afterAll(remove);

const rowsOf = (name: string) => parseLines(readFileSync(join(folder, name), "utf8")).rows;

describe("kiln bench", () => {
  it("measures what was asked for, as a table, as lines of JSON and as a report", () => {
    const { code, stdout, stderr } = kiln(folder, ["bench", "layer-norm", "cross-entropy", "--quick", "--json", "a.jsonl", "--html", "a.html"]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/adapter +SwiftShader/);
    expect(stdout).toMatch(/kernels {2}layer-norm forward\+backward {2}\[64,96\]\n {2}kiln +[\d.]+ ms ± [\d.]+/);
    const rows = rowsOf("a.jsonl");
    expect(new Set(rows.map(({ name }) => name.split(" ")[0]))).toEqual(new Set(["copy", "arithmetic", "layer-norm", "cross-entropy"]));
    for (const { median, samples, environment } of rows) {
      expect(median).toBeGreaterThan(0);
      expect(samples).toBeGreaterThanOrEqual(3);
      expect(environment).toMatchObject({ class: "cpu", software: true, runtime: expect.stringContaining("Node"), versions: { kiln: expect.any(String) } });
      expect(environment.commit).toMatch(/^([0-9a-f]{7,}(-dirty)?|v\d)/);
    }
    expect(readFileSync(join(folder, "a.html"), "utf8")).toMatch(/<svg[^]*SwiftShader|SwiftShader[^]*<svg/);
  });

  it("holds a run against an earlier one of the same adapter", () => {
    const { code, stdout, stderr } = kiln(folder, ["bench", "layer-norm", "--quick", "--compare", "a.jsonl"]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/against the earlier run[^]*kernels \| layer-norm forward \| \[64,96\] \| kiln +[\d.]+ -> [\d.]+ ms +[\d.]+ x/);
  });

  it("refuses another adapter's run, before it measures", () => {
    const foreign = rowsOf("a.jsonl").map((row) => ({ ...row, environment: { ...row.environment, adapter: "NVIDIA H100" } }));
    writeFileSync(join(folder, "foreign.jsonl"), `${foreign.map(toLine).join("\n")}\n`);
    const { code, stdout, stderr } = kiln(folder, ["bench", "--compare", "foreign.jsonl", "--json", "never.jsonl"]);
    expect(code).toBe(1);
    expect(stderr).toContain('--compare: measured on another adapter, got "NVIDIA H100" for "SwiftShader');
    expect(stdout).not.toContain("kernels");
    expect(existsSync(join(folder, "never.jsonl"))).toBe(false);
  });

  it("refuses orders that make no sense", () => {
    const refused = (args: readonly string[]) => {
      const { code, stderr } = kiln(folder, ["bench", ...args]);
      expect(code).toBe(1);
      return stderr;
    };
    expect(refused(["matmull"])).toContain('unknown suite, got "matmull"; use optimizers, kernels, step');
    expect(refused(["step", "--filter", "nothing like it"])).toContain("nothing is left to measure");
    expect(refused(["--compare", "missing.jsonl"])).toContain("--compare: cannot be read, got missing.jsonl");
    expect(refused(["--baseline", "--quick"])).toContain("--baseline: always measures the same, got --quick too");
  });

  it("says which packages the peers are, where they are not installed", () => {
    const { stderr, status } = spawnSync(process.execPath, [withoutPeers(), "bench", "layer-norm", "--quick", "--peers"], { cwd: folder, encoding: "utf8", env: { ...process.env, KILN_ADAPTER: "swiftshader", NO_COLOR: "1" } });
    expect(status).toBe(1);
    expect(stderr).toContain("kiln bench --peers: needs the package @jax-js/jax, which is not installed; npm install @jax-js/jax@0.1.25");
  });
});

/** A copy of the command whose packages are all there but the peers. */
function withoutPeers(): string {
  const repository = resolve(import.meta.dirname, "../..");
  const installed = join(folder, "installed");
  cpSync(join(repository, "dist"), join(installed, "dist"), { recursive: true, filter: (path) => !path.endsWith(".map") && !path.includes("dist/types") && !path.includes("dist/bench/") });
  cpSync(join(repository, "package.json"), join(installed, "package.json"));
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as Record<"dependencies" | "peerDependencies", Record<string, string>>;
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    const link = join(installed, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(repository, "node_modules", name), link);
  }
  return join(installed, "dist/cli.js");
}
