import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeCheckpoint } from "../../src/train/index.js";
import { buildCli, kiln, temporaryFolder } from "./run_kiln.js";

const { folder, remove } = temporaryFolder();
const model = ["--layers", "1", "--heads", "2", "--width", "16", "--block", "6", "--batch", "32"];
const task = [...model, "--data", "task:copy:2", "--eval-every", "20", "--eval-batches", "1"];
const run = [...task, "--steps", "40", "--warmup", "5", "--lr", "0.02"];
/** Half of it is the start of the whole. */
const steady = [...task, "--schedule", "constant(0.02)"];

beforeAll(buildCli);
afterAll(remove);

describe("kiln train --data task:", () => {
  it("trains, tells the share of right answers, answers problems, and goes on bit for bit", () => {
    const whole = kiln(folder, ["train", ...run, "--out", "whole"]);
    expect(whole.code, whole.stderr).toBe(0);
    expect(whole.stdout).toMatch(/data {6}task:copy:2: 58 problems to train on, 6 others to validate, such as ([a-h]{2})=\1, vocabulary 10\n/);
    expect(whole.stdout).toMatch(/step 40\/40 {3}validation loss \d\.\d+ {3}exact match [\d.]+ %/);
    expect(whole.stdout).toContain("--- problems it was not trained on ---");
    expect(whole.stdout).toMatch(/\n[\d.]+ % of 256 right in every character\n/);
    const rows = readFileSync(join(folder, "whole/metrics.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line) as { exactMatch?: number; validationLoss?: number });
    const validations = rows.filter((row) => row.validationLoss !== undefined);
    expect(validations.map(({ exactMatch }) => typeof exactMatch)).toEqual(["number", "number", "number"]);

    expect(kiln(folder, ["train", ...steady, "--steps", "20", "--out", "half"]).code).toBe(0);
    const resumed = kiln(folder, ["train", "--resume", "half/checkpoint.safetensors", "--steps", "40"]);
    expect(resumed.code, resumed.stderr).toBe(0);
    const uncut = kiln(folder, ["train", ...steady, "--steps", "40", "--out", "uncut"]);
    expect(uncut.code, uncut.stderr).toBe(0);
    const tensorsOf = (name: string) => decodeCheckpoint(readFileSync(join(folder, name, "checkpoint.safetensors"))).model;
    expect(tensorsOf("half")).toEqual(tensorsOf("uncut"));
    const last = (output: string) => output.slice(output.indexOf("--- problems"), output.indexOf(" right in every character"));
    expect(last(resumed.stdout)).toBe(last(uncut.stdout));

    const sampled = kiln(folder, ["sample", "--checkpoint", "whole/checkpoint.safetensors"]);
    expect(sampled.code, sampled.stderr).toBe(0);
    expect(last(sampled.stdout)).toBe(last(whole.stdout));
    const answered = kiln(folder, ["sample", "--checkpoint", "whole/checkpoint.safetensors", "--prompt", "ab", "--temperature", "0"]);
    expect(answered.stdout).toMatch(/^ab=..\n$/);
  });

  it("refuses what is no task or does not fit, before it opens an adapter", () => {
    const refused = kiln(folder, ["train", ...run, "--data", "task:copy:9"]);
    expect([refused.code, refused.stderr.trim()]).toEqual([1, "error: --block: a problem of task:copy:9 takes 18 tokens, got 6; use --block 18, or more"]);
    expect(kiln(folder, ["train", ...run, "--data", "task:division"]).stderr).toContain('error: --data: unknown task, got "task:division"; use task:copy, ');
  });
});

describe("kiln train --data table.csv", () => {
  it("trains on columns, and names the line of a ragged row", () => {
    writeFileSync(join(folder, "t.csv"), `who,said\n${"Ahab,aye\nStubb,\"nay, sir\"\n".repeat(40)}`);
    const trained = kiln(folder, ["train", ...model, "--data", "t.csv#said", "--steps", "2", "--warmup", "0", "--eval-every", "0", "--sample", "0", "--out", "table"]);
    expect(trained.code, trained.stderr).toBe(0);
    expect(trained.stdout).toContain(`${40 * "aye\nnay, sir\n".length * 0.9} tokens to train on`);
    writeFileSync(join(folder, "ragged.csv"), "a,b\n1,2\n3\n");
    const ragged = kiln(folder, ["train", ...model, "--data", "ragged.csv"]);
    expect([ragged.code, ragged.stderr.trim()]).toEqual([1, "error: ragged.csv: line 3 has 1 cell, the first row has 2; mend the row, or rename the file to .txt to train on it as it is"]);
  });
});
