// kiln train --precision f16: refused where the adapter lacks f16, else a run like any other.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeCheckpoint } from "../../src/train/index.js";
import { buildCli, kiln, temporaryFolder } from "./run_kiln.js";

const { folder, remove } = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);
const small = ["--data", "text.txt", "--layers", "1", "--heads", "2", "--width", "16", "--block", "16", "--batch", "4", "--dropout", "0.1"];
const run = ["train", ...small, "--warmup", "5", "--lr", "0.01", "--eval-every", "10", "--eval-batches", "2", "--checkpoint-every", "15", "--sample", "20"];

beforeAll(() => {
  buildCli();
  writeFileSync(at("text.txt"), "It was the best of times, it was the worst of times.\n".repeat(60));
});
afterAll(remove);

interface Row {
  loss?: number;
  lossScale?: number;
  skipped?: boolean;
}

function stepsOf(out: string): Row[] {
  return readFileSync(at(out, "metrics.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line) as Row).filter(({ loss }) => loss !== undefined);
}

describe("kiln train --precision", () => {
  it("f16 is refused by an adapter without it: says what is missing, makes no run", () => {
    const { code, stdout, stderr } = kiln(folder, [...run, "--steps", "30", "--precision", "f16", "--out", "refused"]);
    expect([code, stderr.trim()]).toEqual([
      1,
      expect.stringMatching(/^error: --precision: f16 needs the WebGPU feature "shader-f16", which this adapter lacks, got SwiftShader driver [\d.]+; use f32$/),
    ]);
    expect(stdout).not.toContain("step");
    expect(existsSync(at("refused"))).toBe(false);
  });

  it("takes f32 and f16 only", () => {
    const { code, stderr } = kiln(folder, [...run, "--precision", "bf16"]);
    expect([code, stderr.trim()]).toEqual([1, expect.stringContaining('--precision: unknown value, got "bf16"; use f32, f16')]);
  });

  it("f16 trains with a loss scale that it saves, resumes bit for bit, samples", ({ skip }) => {
    const lavapipe = { KILN_ADAPTER: "system-software" };
    const features = /features .*/.exec(kiln(folder, ["info"], lavapipe).stdout)?.[0] ?? "no system software adapter";
    if (!features.includes("shader-f16")) skip(`f16 needs shader-f16: ${features}`);
    const whole = kiln(folder, [...run, "--steps", "30", "--precision", "f16", "--out", "whole"], lavapipe);
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stdout).toContain(", mixed precision\n");
    const rows = stepsOf("whole");
    expect(rows).toHaveLength(30);
    expect(rows[29]!.loss).toBeLessThan(rows[0]!.loss! - 0.5);
    expect(rows.every(({ lossScale, skipped }) => lossScale === 65536 && skipped === false)).toBe(true);
    const { state, optimizer } = decodeCheckpoint(readFileSync(at("whole", "checkpoint.safetensors")));
    expect(state.settings).toMatchObject({ precision: "f16" });
    expect(optimizer!.lossScale).toMatchObject({ scale: 65536, goodSteps: 30 });

    // The same steps in two parts. The settings of the second come from the checkpoint, but for the steps.
    const constant = ["--decay", "constant"];
    expect(kiln(folder, [...run, ...constant, "--steps", "30", "--precision", "f16", "--out", "once"], lavapipe).code).toBe(0);
    expect(kiln(folder, [...run, ...constant, "--steps", "15", "--precision", "f16", "--out", "twice"], lavapipe).code).toBe(0);
    const further = kiln(folder, ["train", "--resume", "twice/checkpoint.safetensors", "--steps", "30"], lavapipe);
    expect(further.code, further.stderr).toBe(0);
    expect(further.stdout).toContain(", mixed precision\n");
    expect(stepsOf("twice").map(({ loss }) => loss)).toEqual(stepsOf("once").map(({ loss }) => loss));

    const sampled = kiln(folder, ["sample", "--checkpoint", "whole/checkpoint.safetensors", "--prompt", "It was", "--tokens", "5"]);
    expect(sampled.code, sampled.stderr).toBe(0);
    expect(sampled.stdout.startsWith("It was")).toBe(true);
  });
});
