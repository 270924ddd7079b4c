// What the package holds once built, as a user's program sees it.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "./run_kiln.js";

const repository = resolve(import.meta.dirname, "../..");
const { folder, remove } = temporaryFolder();
afterAll(remove);
beforeAll(() => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(repository, "scripts/build.mjs")], { encoding: "utf8" });
  expect(status, stdout + stderr).toBe(0);
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(repository, join(folder, "node_modules", "kiln-gpu"));
});

/** Bundles as a user's web project would. Rejects when something of Node is needed. */
function bundleForBrowser(entry: string) {
  return build({ entryPoints: [join(repository, entry)], bundle: true, platform: "browser", format: "esm", external: ["gpt-tokenizer/*"], write: false, logLevel: "silent" });
}

function runInUserFolder(script: string): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { cwd: folder, encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return stdout.trim();
}

describe("the built package", () => {
  it("has nothing of Node in the browser's half", async () => {
    const { outputFiles, warnings } = await bundleForBrowser("dist/index.js");
    expect(warnings).toEqual([]);
    expect(outputFiles).toHaveLength(1);
    expect(outputFiles[0]!.text).toContain("navigator.gpu");
    expect(outputFiles[0]!.text).not.toMatch(/(from|import\(|require\()\s*["']node:/);
    await expect(bundleForBrowser("dist/node.js")).rejects.toThrow(/Could not resolve "node:/);
  });

  it("is one library: kiln-gpu and kiln-gpu/node share their classes", () => {
    expect(runInUserFolder('import * as a from "kiln-gpu"; import * as b from "kiln-gpu/node"; console.log(a.Tensor === b.Tensor, a.openDevice === b.openDevice, typeof b.loadCheckpoint, typeof a.train)')).toBe("true false function function");
  });

  it("can be run as a command", () => {
    expect(statSync(join(repository, "dist/cli.js")).mode & 0o111).toBe(0o111);
    expect(readFileSync(join(repository, "dist/cli.js"), "utf8").startsWith("#!/usr/bin/env node\n")).toBe(true);
  });

  it("has types that a strict program compiles against, and that refuse a wrong one", () => {
    const program = (optimizer: string) => `
      import { openDevice, nn, optim, schedule, text, train, type NumberRange, type StepMetrics, type tune } from "kiln-gpu/node";
      const device = await openDevice();
      const data = text.characters("abc".repeat(100), { block: 8, batch: 2 });
      const model = new nn.GPT(device, { layers: 1, heads: 1, width: 8, block: 8, vocab: data.vocab.size });
      const decay: schedule.CosineOptions = { steps: 8, to: 1e-4 };
      const lr = schedule.warmup({ steps: 2, to: 1e-3 }).then(schedule.cosine(decay));
      const range: NumberRange = { min: 0, max: 1 };
      const planOf = (advice: tune.Advice): tune.WarmupPlan => advice;
      const stages: tune.AdviceStage[] = ["range test"];
      const cycle: schedule.OneCycleOptions = { to: 1, steps: 9 };
      void [range, planOf, stages, cycle];
      const optimizer = new optim.AdamW(model.groups({ weightDecay: 0.1 }), ${optimizer});
      const losses: number[] = [];
      await train({ device, model, optimizer, data, steps: 10, onStep: ({ loss }: StepMetrics) => losses.push(loss) });`;
    const compile = (name: string, source: string) => {
      writeFileSync(join(folder, name), source);
      const flags = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--moduleResolution", "nodenext", "--skipLibCheck", "false"];
      return spawnSync(process.execPath, [join(repository, "node_modules/typescript/bin/tsc"), ...flags, name], { cwd: folder, encoding: "utf8" }).stdout;
    };
    expect(compile("good.mts", program("{ lr }"))).toBe("");
    expect(compile("bad.mts", program("{ learningRate: lr }"))).toContain("learningRate");
  });
});
