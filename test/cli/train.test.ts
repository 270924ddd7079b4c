import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeCheckpoint } from "../../src/train/index.js";
import { buildCli, kiln, startKiln, temporaryFolder } from "./run_kiln.js";

const { folder, remove } = temporaryFolder();
const at = (...names: string[]) => join(folder, ...names);

// A small model with dropout on, so that random state matters.
const small = ["--data", "text.txt", "--layers", "1", "--heads", "2", "--width", "16", "--block", "16", "--batch", "4", "--dropout", "0.1"];
const run = [...small, "--steps", "30", "--warmup", "5", "--lr", "0.01", "--eval-every", "10", "--eval-batches", "2", "--checkpoint-every", "0", "--sample", "20"];

beforeAll(() => {
  buildCli();
  writeFileSync(at("text.txt"), "It was the best of times, it was the worst of times.\n".repeat(60));
});
afterAll(remove);

/** What the first run printed. */
let wholeOutput = "";

interface Row {
  step: number;
  loss?: number;
  lr?: number;
  validationLoss?: number;
}

function rowsOf(path: string): Row[] {
  return readFileSync(path, "utf8").trim().split("\n").map((line) => JSON.parse(line) as Row);
}

/** Without the fields that time decides. */
function untimed(path: string): unknown[] {
  return rowsOf(path).map((row) => ({ ...row, tokensPerSecond: 0 }));
}

describe("kiln train", () => {
  it("--profile: a table, a Chrome trace, and the same bits as without", () => {
    const flags = [...run.slice(0, -2), "--sample", "0", "--steps", "6"];
    const plain = kiln(folder, ["train", ...flags, "--out", "unprofiled"]);
    expect(plain.code, plain.stderr).toBe(0);
    expect(plain.stdout).toMatch(/\nmemory {4}[\d.]+ MB on the adapter: parameters [\d.]+ MB, gradients [\d.]+ MB, optimizer [\d.]+ MB, activations and scratch [\d.]+ MB; the largest buffer [\d.]+ MB\n/);
    const profiled = kiln(folder, ["train", ...flags, "--out", "profiled", "--profile", "trace.json"]);
    expect(profiled.code, profiled.stderr).toBe(0);
    expect(profiled.stdout).toMatch(/kernel +calls +ms +share +GB\/s +GFLOP\/s +of roofline +bound by\n/);
    expect(profiled.stdout).toMatch(/\nadam_step\S* +1 +/);
    expect(profiled.stdout).toMatch(/\nstep [\d.]+ ms: [\d.]+ times its \d+ dispatches' [\d.]+ ms; host [\d.]+ ms\npeaks /);
    const { traceEvents } = JSON.parse(readFileSync(at("trace.json"), "utf8")) as { traceEvents: { ph: string; name: string; dur: number }[] };
    const names = traceEvents.filter(({ ph }) => ph === "X").map(({ name }) => name);
    expect(names.at(-1)).toBe("adam_step");
    expect(names.length).toBeGreaterThan(20);
    expect(readFileSync(at("profiled", "checkpoint.safetensors")).equals(readFileSync(at("unprofiled", "checkpoint.safetensors")))).toBe(true);
    expect(untimed(at("profiled", "metrics.jsonl"))).toEqual(untimed(at("unprofiled", "metrics.jsonl")));
  });

  it("--profile: makes the trace's folder, and refuses a folder in its place", () => {
    const flags = [...run, "--steps", "1", "--warmup", "0", "--eval-every", "0", "--sample", "0"];
    const made = kiln(folder, ["train", ...flags, "--out", "traced", "--profile", "traces/of/today.json"]);
    expect(made.code, made.stderr).toBe(0);
    expect(JSON.parse(readFileSync(at("traces", "of", "today.json"), "utf8"))).toMatchObject({ displayTimeUnit: "ms" });
    const refused = kiln(folder, ["train", ...flags, "--out", "untraced", "--profile", "traces"]);
    expect([refused.code, refused.stderr.trim()]).toEqual([1, "error: --profile: needs a file, got the folder traces; name a file in it"]);
    expect(existsSync(at("untraced", "checkpoint.safetensors"))).toBe(false);
  });

  it("says what memory it takes, and refuses what cannot fit before it allocates anything", () => {
    const { code, stderr } = kiln(folder, ["train", ...run, "--batch", "60000", "--block", "256", "--width", "64", "--out", "huge"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/error: kiln train: .*f32\[[\d, ]+\] needs \d+ bytes, over the adapter's maxStorageBufferBindingSize of \d+; lower --batch/);
    expect(existsSync(at("huge", "checkpoint.safetensors"))).toBe(false);
  });

  it("--accumulate and --ema: two batches a step, averaged weights validated and sampled, resumed bit for bit", async () => {
    const flags = [...run, "--accumulate", "2", "--ema", "0.9"];
    const whole = kiln(folder, ["train", ...flags, "--out", "averaged"]);
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stdout).toContain("30 steps of 2 x 4 x 16 tokens");
    const { child, until, outcome } = startKiln(folder, ["train", ...flags, "--out", "half"]);
    await until(/step +\d+\/30 {3}loss/);
    child.kill("SIGINT");
    expect((await outcome).code).toBe(130);
    expect(kiln(folder, ["train", "--resume", "half/checkpoint.safetensors"]).code).toBe(0);
    expect(readFileSync(at("half", "checkpoint.safetensors")).equals(readFileSync(at("averaged", "checkpoint.safetensors")))).toBe(true);
    const checkpoint = decodeCheckpoint(readFileSync(at("averaged", "checkpoint.safetensors")));
    expect(checkpoint.optimizer).toMatchObject({ emaDecay: 0.9, step: 30 });
    expect(Object.keys(checkpoint.optimizer!.moments)).toEqual(["m", "v", "ema"]);
    const sampled = kiln(folder, ["sample", "--checkpoint", "averaged/checkpoint.safetensors", "--tokens", "5"]);
    expect(sampled.stderr).toContain("averaged/checkpoint.safetensors, step 30, averaged weights");
  });

  it("trains, says what it does, samples, and leaves a checkpoint and metrics", () => {
    const { code, stdout, stderr } = kiln(folder, ["train", ...run, "--out", "whole"]);
    expect(code, stderr).toBe(0);
    wholeOutput = stdout;
    expect(stdout).toMatch(/adapter {3}SwiftShader/);
    expect(stdout).toContain("SOFTWARE ADAPTER");
    expect(stdout).toMatch(/model {5}[\d,]+ parameters: 1 layers, 2 heads, width 16, block 16/);
    expect(stdout).toMatch(/step 30\/30 {3}loss \d\.\d+ {3}lr \d\.\d+e-\d {3}norm/);
    expect(stdout).toMatch(/step 30\/30 {3}validation loss \d\.\d+/);
    expect(stdout).toMatch(/loss {6}[▁▂▃▄▅▆▇█]+ {2}\d\.\d+ to \d\.\d+/);
    expect(stdout).toContain("--- sample ---");
    expect(stdout).toContain("saved     whole/checkpoint.safetensors");
    const rows = rowsOf(at("whole", "metrics.jsonl"));
    const losses = rows.filter((row) => row.loss !== undefined).map((row) => row.loss!);
    expect(losses).toHaveLength(30);
    expect(losses[29]).toBeLessThan(losses[0]! - 0.5);
    expect(rows.filter((row) => row.validationLoss !== undefined).map(({ step }) => step)).toEqual([0, 10, 20, 30]);
    expect(readdirSync(at("whole")).sort()).toEqual(["checkpoint.safetensors", "metrics.jsonl"]);
    const { state } = decodeCheckpoint(readFileSync(at("whole", "checkpoint.safetensors")));
    expect(state).toMatchObject({ step: 30, settings: { dropout: 0.1, seed: 1337 } });
  });

  it("stops at Ctrl-C with a checkpoint, and a resumed run ends with the same bytes", async () => {
    const { child, until, outcome } = startKiln(folder, ["train", ...run, "--out", "cut"]);
    await until(/step +\d+\/30 {3}loss/);
    child.kill("SIGINT");
    const { code, stdout } = await outcome;
    expect(code, stdout).toBe(130);
    expect(stdout).toContain("stopping after this step and saving");
    expect(stdout).toContain("go on     kiln train --resume cut/checkpoint.safetensors");
    const stopped = decodeCheckpoint(readFileSync(at("cut", "checkpoint.safetensors"))).state.step;
    expect(stopped).toBeGreaterThan(0);
    expect(stopped).toBeLessThan(30);

    const resumed = kiln(folder, ["train", "--resume", "cut/checkpoint.safetensors"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stdout).toContain(`resuming  at step ${stopped}, in cut/checkpoint.safetensors`);
    expect(untimed(at("cut", "metrics.jsonl")).filter((row) => (row as Row).loss !== undefined)).toEqual(untimed(at("whole", "metrics.jsonl")).filter((row) => (row as Row).loss !== undefined));
    expect(readFileSync(at("cut", "checkpoint.safetensors")).equals(readFileSync(at("whole", "checkpoint.safetensors")))).toBe(true);
    // The sample too: it is drawn from the same model and seed.
    const sampleOf = (text: string) => /--- sample ---\n([^]*?)\n-{14}/.exec(text)![1];
    expect(sampleOf(resumed.stdout)).toBe(sampleOf(wholeOutput));
  });

  it("quits at once at a second Ctrl-C", async () => {
    const { child, until, outcome } = startKiln(folder, ["train", ...small, "--steps", "100000", "--out", "quit"]);
    await until(/step +0\/100000/);
    child.kill("SIGINT");
    child.kill("SIGTERM");
    // By the signal, which shells report as 130; the second may also arrive when the run has just been saved.
    const { code, signal } = await outcome;
    expect(code ?? signal).toSatisfy((end: unknown) => end === "SIGINT" || end === "SIGTERM" || end === 130);
  });

  it("goes on past a finished run only with more steps, and with the same text", () => {
    const done = kiln(folder, ["train", "--resume", "whole/checkpoint.safetensors"]);
    expect([done.code, done.stderr.trim()]).toEqual([1, "error: --resume: the run is complete, got step 30 of 30; add --steps 60 to go on, at the schedule's last rate"]);
    writeFileSync(at("other.txt"), "It was the worst of times, it was the best of times.\n".repeat(60));
    const other = kiln(folder, ["train", "--resume", "whole/checkpoint.safetensors", "--steps", "31", "--data", "other.txt"]);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain("--resume: the text is not the one of the run, got fingerprint");
    const before = readFileSync(at("whole", "checkpoint.safetensors"));
    const further = kiln(folder, ["train", "--resume", "whole/checkpoint.safetensors", "--steps", "32", "--out", "further", "--sample", "0"]);
    expect(further.code, further.stderr).toBe(0);
    expect(decodeCheckpoint(readFileSync(at("further", "checkpoint.safetensors"))).state.step).toBe(32);
    expect(rowsOf(at("further", "metrics.jsonl")).map(({ lr }) => lr).filter(Boolean)).toEqual([Math.fround(5e-4), Math.fround(5e-4)]);
    expect(readFileSync(at("whole", "checkpoint.safetensors")).equals(before)).toBe(true);
  });

  it("takes the next free folder when none is named", () => {
    mkdirSync(at("fresh"));
    writeFileSync(at("fresh", "text.txt"), readFileSync(at("text.txt")));
    const quick = ["train", ...small, "--steps", "1", "--warmup", "0", "--eval-every", "0", "--sample", "0"];
    for (const path of ["out", join("out", "run-2"), join("out", "run-3")]) {
      const { code, stdout, stderr } = kiln(at("fresh"), quick);
      expect(code, stderr).toBe(0);
      expect(stdout).toContain(`saved     ${join(path, "checkpoint.safetensors")}`);
      expect(existsSync(at("fresh", path, "checkpoint.safetensors"))).toBe(true);
    }
  });

  it.each([
    ["bytes, SGD, linear decay, biases, no tying, post norm, ReLU", ["--tokenizer", "byte", "--optimizer", "sgd", "--decay", "linear", "--bias", "--no-tied", "--norm", "post", "--activation", "relu"]],
    ["Lion, a schedule of its own", ["--optimizer", "lion", "--schedule", "warmup({ steps: 2, to: 1e-3 }).then(linear({ steps: 4 }))"]],
    ["RAdam", ["--optimizer", "radam"]],
    ["GIAdam", ["--optimizer", "gi-adam"]],
    ["RMSprop", ["--optimizer", "rmsprop", "--lr", "1e-3"]],
    ["Adagrad", ["--optimizer", "adagrad"]],
    ["byte pairs, Adam, constant rate, no clipping", ["--tokenizer", "gpt2", "--compact-vocab", "--optimizer", "adam", "--decay", "constant", "--clip", "0", "--activation", "silu"]],
  ])("trains with %s", (name, flags) => {
    const out = name.slice(0, 5);
    const { code, stdout, stderr } = kiln(folder, ["train", ...small, "--steps", "6", ...(flags.includes("--schedule") ? [] : ["--warmup", "2"]), "--eval-every", "3", "--eval-batches", "1", "--sample", "5", "--out", out, ...flags]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/step 6\/6 {3}validation loss \d/);
    const sampled = kiln(folder, ["sample", "--checkpoint", join(out, "checkpoint.safetensors"), "--prompt", "It was", "--tokens", "5"]);
    expect(sampled.code, sampled.stderr).toBe(0);
    expect(sampled.stdout.startsWith("It was")).toBe(true);
  });

  it("stops with the reason when training blows up", () => {
    const { code, stdout, stderr } = kiln(folder, ["train", ...small, "--optimizer", "sgd", "--clip", "0", "--lr", "1e30", "--warmup", "0", "--decay", "constant", "--steps", "60", "--eval-every", "0", "--out", "blown"]);
    expect(stderr).toMatch(/error: train: 20 steps in a row had a loss or gradient that was not finite and were skipped, the last was step \d+; use a lower learning rate/);
    expect(stdout).toMatch(/step \d+ skipped/);
    expect(code).toBe(1);
  });

  it("--detect-anomaly: names the op that blows up", () => {
    const { code, stderr } = kiln(folder, ["train", ...small, "--optimizer", "sgd", "--clip", "0", "--lr", "1e30", "--warmup", "0", "--decay", "constant", "--steps", "60", "--eval-every", "0", "--out", "anomaly", "--detect-anomaly"]);
    expect(stderr).toMatch(/error: detectAnomaly: (the backward of )?\w+ made a (value|gradient) that is not finite/);
    expect(code).toBe(1);
  });
});

describe("kiln sample", () => {
  const sample = (...args: string[]) => kiln(folder, ["sample", "--checkpoint", "whole/checkpoint.safetensors", "--tokens", "40", ...args]);

  it("writes the prompt and as many tokens as asked, and only those, to standard output", () => {
    const { code, stdout, stderr } = sample("--prompt", "It was");
    expect(code, stderr).toBe(0);
    expect(stdout).toHaveLength("It was".length + 40 + 1);
    expect(stdout.startsWith("It was")).toBe(true);
    expect(stderr).toContain("SwiftShader");
  });

  it("repeats with its seed, and not with another", () => {
    const texts = [["7"], ["7"], ["8"]].map(([seed]) => sample("--seed", seed!, "--temperature", "1.5").stdout);
    expect(texts[1]).toBe(texts[0]);
    expect(texts[2]).not.toBe(texts[0]);
  });

  it("at temperature 0 needs no seed; top-k 1 is the same", () => {
    const greedy = sample("--temperature", "0", "--seed", "1").stdout;
    expect(sample("--temperature", "0", "--seed", "2").stdout).toBe(greedy);
    expect(sample("--top-k", "1", "--seed", "3").stdout).toBe(greedy);
  });

  it("refuses a prompt that the vocabulary cannot spell", () => {
    const { code, stderr } = sample("--prompt", "It was \u00e9");
    expect(stderr).toContain('error: encode: the vocabulary has no character "\u00e9" (U+00E9), got it at position 7; it knows');
    expect(code).toBe(1);
  });
});

describe("kiln info", () => {
  it("shows the adapter, or prints JSON", () => {
    const plain = kiln(folder, ["info"]);
    expect(plain.code, plain.stderr).toBe(0);
    expect(plain.stdout).toMatch(/maxStorageBuffersPerShaderStage +\d/);
    const { adapter, features, limits } = JSON.parse(kiln(folder, ["info", "--json"]).stdout) as { adapter: { software: boolean; name: string }; features: string[]; limits: Record<string, number> };
    expect(adapter.software).toBe(true);
    expect(adapter.name).toContain("SwiftShader");
    expect(Array.isArray(features)).toBe(true);
    expect(limits.maxComputeWorkgroupsPerDimension).toBe(65535);
  });

  it("says what was tried when there is no hardware adapter", () => {
    const { code, stderr } = kiln(folder, ["info", "--adapter", "hardware"], { VK_DRIVER_FILES: "/nonexistent", VK_ICD_FILENAMES: "/nonexistent" });
    expect(stderr).toContain("error: openDevice: no WebGPU adapter found; tried\n  - the system's graphics drivers");
    expect(code).toBe(1);
  });
});
