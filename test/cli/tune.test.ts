// kiln lr-find, sharpness and advise: what they print, write, and leave alone.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromJSON } from "../../src/schedule/index.js";
import { buildCli, kiln, startKiln, temporaryFolder } from "./run_kiln.js";

const { folder, remove } = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);
const model = ["--data", "text.txt", "--layers", "1", "--heads", "2", "--width", "16", "--block", "16", "--batch", "4"];
const json = (name: string) => JSON.parse(readFileSync(at(name), "utf8")) as Record<string, never>;

beforeAll(() => {
  buildCli();
  writeFileSync(at("text.txt"), "It was the best of times, it was the worst of times.\n".repeat(60));
  const { code, stderr } = kiln(folder, ["train", ...model, "--steps", "20", "--warmup", "5", "--lr", "0.01", "--eval-every", "0", "--checkpoint-every", "0", "--sample", "0", "--out", "run"]);
  expect(code, stderr).toBe(0);
});
afterAll(remove);

describe("kiln lr-find", () => {
  it("sweeps, names the rates, draws, and writes JSON and SVG", () => {
    const { code, stdout, stderr } = kiln(folder, ["lr-find", ...model, "--sweep", "40", "--from", "1e-5", "--to", "100", "--json", "lr.json", "--svg", "lr.svg"]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/adapter {3}SwiftShader/);
    expect(stdout).toContain("4 x 16, untrained");
    expect(stdout).toMatch(/steepest {2}\d\.\d\de-\d/);
    expect(stdout).toContain("wrote     lr.svg");
    const result = json("lr.json") as unknown as { points: { lr: number; loss: number }[]; suggestion: number; least: number; diverges: number | null; settings: { width: number } };
    expect(result.points[0]!.lr).toBeCloseTo(1e-5, 12);
    expect(result.points.every(({ lr }, i) => i === 0 || lr > result.points[i - 1]!.lr)).toBe(true);
    expect(result.suggestion).toBeGreaterThan(1e-5);
    expect(result.least).toBeGreaterThanOrEqual(result.suggestion);
    expect(result.settings.width).toBe(16);
    expect(readFileSync(at("lr.svg"), "utf8")).toMatch(/^<svg [^]*<\/svg>\n$/);
  });

  it("says what it found even where a file cannot be written", () => {
    const { code, stdout, stderr } = kiln(folder, ["lr-find", ...model, "--sweep", "10", "--svg", "text.txt/lr.svg"]);
    expect(code).toBe(1);
    expect(stderr).toContain("write: cannot write text.txt/lr.svg");
    expect(stdout).toContain("steepest");
  });

  it("with --json - prints nothing else to standard output", () => {
    const { code, stdout, stderr } = kiln(folder, ["lr-find", ...model, "--sweep", "10", "--json", "-"]);
    expect(code, stderr).toBe(0);
    expect(Object.keys(JSON.parse(stdout) as object)).toContain("points");
    expect(stderr).toContain("steepest");
  });
});

describe("kiln sharpness", () => {
  it("says where the rate stands, on a new model and on a checkpoint that it leaves as it is", () => {
    const fresh = kiln(folder, ["sharpness", ...model, "--batches", "1", "--json", "sharp.json", "--svg", "sharp.svg"]);
    expect(fresh.code, fresh.stderr).toBe(0);
    const { lambdaMax, threshold, stableRate, preconditioned } = json("sharp.json") as unknown as { lambdaMax: number; threshold: number; stableRate: number; preconditioned: boolean };
    expect(preconditioned).toBe(true);
    expect(readFileSync(at("sharp.svg"), "utf8")).toContain("stable at the present rate up to");
    expect(stableRate / (threshold / lambdaMax)).toBeCloseTo(1, 9);
    const before = readFileSync(at("run", "checkpoint.safetensors"));
    const files = readdirSync(at("run"));
    const trained = kiln(folder, ["sharpness", "--checkpoint", "run/checkpoint.safetensors", "--batches", "1", "--plain"]);
    expect(trained.code, trained.stderr).toBe(0);
    expect(trained.stdout).toContain("step 20 of run/checkpoint.safetensors");
    expect(trained.stdout).toContain("hessian   plain");
    expect(readFileSync(at("run", "checkpoint.safetensors")).equals(before)).toBe(true);
    expect(readdirSync(at("run"))).toEqual(files);
    expect(existsSync(at("out"))).toBe(false);
  });
});

describe("kiln advise", () => {
  it("gives a peak, a warmup, reasons, and a command that trains", () => {
    const { code, stdout, stderr } = kiln(folder, ["advise", ...model, "--steps", "60", "--sweep", "60", "--batches", "1", "--no-bias", "--json", "advice.json", "--svg", "advice.svg"]);
    expect(code, stderr).toBe(0);
    const advice = json("advice.json") as unknown as { peakLr: number; initialLr: number; warmupSteps: number; reasons: string[]; schedule: unknown };
    expect(advice.peakLr).toBeGreaterThan(1e-5);
    expect(advice.peakLr).toBeLessThan(1);
    expect(advice.warmupSteps).toBeLessThanOrEqual(6);
    expect(advice.reasons.length).toBeGreaterThan(1);
    const schedule = fromJSON(advice.schedule);
    expect(schedule.at(advice.warmupSteps)).toBe(advice.peakLr);
    for (const reason of advice.reasons) expect(stdout).toContain(reason);
    // The whole job, not only its rates.
    const flags = /try {7}kiln train (.*)/.exec(stdout)![1]!.split(" ");
    for (const word of [...model, "--no-bias", "--steps", "60"]) expect(flags).toContain(word);
    const train = kiln(folder, ["train", ...flags, "--eval-every", "0", "--sample", "0", "--out", "advised"]);
    expect(train.code, train.stderr).toBe(0);
  });

  it("stops at Ctrl-C", async () => {
    const { child, until, outcome } = startKiln(folder, ["advise", ...model, "--sweep", "100000"]);
    await until(/untrained/);
    setTimeout(() => child.kill("SIGINT"), 1000);
    expect((await outcome).code).toBe(130);
  });
});

describe("bad flags", () => {
  it.each<[string, string]>([
    ["lr-find --sweep 5", '--sweep: needs a whole number at least 10, got "5"'],
    ["lr-find --from 1 --to 0.1", "rangeTest: to must be a finite number > 1 and <= 1e+30, got 0.1"],
    ["sharpness --batches 0", '--batches: needs a whole number at least 1, got "0"'],
    ["sharpness --checkpoint gone.safetensors", "--checkpoint: no such file, got gone.safetensors"],
    ["sharpness --checkpoint run/checkpoint.safetensors --layers 2", "--layers: is the checkpoint's, got 2 too; leave it out, or leave --checkpoint out"],
    ["advise --optimizer adan", "--optimizer: unknown value"],
    ["lr-find --json - --svg -", "--json: standard output is taken, got - for --svg too"],
  ])("kiln %s", (args, message) => {
    const { code, stderr } = kiln(folder, [...args.split(" "), ...(args.includes("--checkpoint") ? [] : model)]);
    expect(stderr).toContain(message);
    expect(code).toBe(1);
  });
});
