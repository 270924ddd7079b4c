// Everything that is wrong with a command line is said in one line, before any GPU is touched.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeSafetensors } from "../../src/io/safetensors.js";
import { buildCli, kiln, temporaryFolder } from "./run_kiln.js";

const { folder, remove } = temporaryFolder();
beforeAll(() => {
  buildCli();
  writeFileSync(join(folder, "short.txt"), "abc");
  writeFileSync(join(folder, "empty.txt"), "");
  writeFileSync(join(folder, "bad.txt"), Buffer.from([0x61, 0xff]));
  writeFileSync(join(folder, "notes.txt"), "not a checkpoint at all");
  writeFileSync(join(folder, "later.safetensors"), encodeSafetensors({ tensors: new Map(), metadata: new Map([["format", "kiln"], ["format_version", "99"]]) }));
  mkdirSync(join(folder, "taken"));
  writeFileSync(join(folder, "taken", "checkpoint.safetensors"), "x");
});
afterAll(remove);

// An adapter that would fail, so that a check made too late shows itself.
const run = (...args: string[]) => kiln(folder, args, { KILN_ADAPTER: "none-at-all" });

describe("bad values: exit 1, one line on standard error", () => {
  it.each<[string, string]>([
    ["train --layers 0", '--layers: needs a whole number at least 1, got "0"; for example --layers 4'],
    ["train --layers 1.5", '--layers: needs a whole number at least 1, got "1.5"'],
    ["train --lr abc", '--lr: needs a number above 0 and at most 1e+38, got "abc"; for example --lr 0.001'],
    ["train --lr=-1", '--lr: needs a number above 0 and at most 1e+38, got "-1"'],
    ["train --lr NaN", '--lr: needs a number above 0 and at most 1e+38, got "NaN"'],
    ["train --dropout 1", '--dropout: needs a number at least 0 and below 1, got "1"; for example --dropout 0.1'],
    ["train --betas 0.9", '--betas: needs two numbers from 0 to below 1 with a comma between, got "0.9"; for example --betas 0.9,0.99'],
    ["train --betas 0.9,1", '--betas: needs two numbers from 0 to below 1'],
    ["train --decay cubic", '--decay: unknown value, got "cubic"; use cosine, linear, constant'],
    ["train --tokenizer word", '--tokenizer: unknown value, got "word"; use char, byte, gpt2, cl100k, o200k'],
    ["train --preset huge", '--preset: unknown value, got "huge"; use small, post-ln, addition, modular, sgd, rms, nanogpt-cpu'],
    ["train --adapter cuda", '--adapter: unknown value, got "cuda"; use auto, hardware, system-software, swiftshader'],
    ["train --width 30 --heads 4", "--width: must be a multiple of --heads, got width 30 and heads 4; for example --width 32"],
    ["train --warmup 500 --steps 100", "--warmup: must not be over --steps, got 500 of 100; for example --warmup 10"],
    ["train --min-lr 1 --lr 0.1", "--min-lr: must not be over --lr, got 1 over 0.1; for example --min-lr 0.01"],
    ["train --optimizer adam --weight-decay 0.1", "--weight-decay: adam mixes it into the gradient, got 0.1 with --optimizer adam; use --optimizer adamw or --weight-decay 0"],
    ["train --optimizer rmsprop --weight-decay 0.1", "--weight-decay: rmsprop mixes it into the gradient"],
    ["train --optimizer adan", '--optimizer: unknown value, got "adan"; use adamw, adam, sgd, lion, radam, gi-adam, rmsprop, adagrad'],
    ["train --schedule 1e-3 --lr 0.1", "--schedule: says all about the rate, got --lr 0.1 too; leave it out"],
    ["train --schedule warmpu(3)", 'schedule: unknown function "warmpu" at column 1; did you mean warmup?'],
    ["train --ema 1", '--ema: needs a number at least 0 and below 1, got "1"; for example --ema 0.99'],
    ["train --accumulate 0", "--accumulate: needs a whole number at least 1 and at most"],
    ["train --compact-vocab", "--compact-vocab: only for byte-pair tokenizers, got --tokenizer char; use gpt2, cl100k, o200k, or leave it out"],
    ["train --data nowhere.txt", "--data: no such file, got nowhere.txt; check the path"],
    ["train --data .", "--data: needs a file, got the folder .; name a file in it"],
    ["train --data short.txt", "text: needs at least block + 1 = 33 tokens, got 3; use a shorter block or more text"],
    ["train --data empty.txt", "empty.txt: the file is empty; use a file with text"],
    ["train --data bad.txt", "bad.txt: not UTF-8 text, got byte 0xFF at offset 1 (line 1); convert the file to UTF-8"],
    ["train --out taken", "--out: taken already holds a run, got no --resume; go on with --resume taken/checkpoint.safetensors, or name another folder"],
    ["train --out short.txt", "--out: needs a folder, got the file short.txt; name another folder"],
    ["train --metrics short.txt", "--metrics: the file exists, got short.txt; name another one"],
    ["train --resume", "--resume: no checkpoint.safetensors in out or its run folders; train first, or name the file"],
    ["train --resume gone.safetensors", "--resume: no such file, got gone.safetensors; check the path"],
    ["train --resume notes.txt", "safetensors: not a valid file, header over the limit of 100000000 bytes"],
    ["train --resume later.safetensors", "checkpoint: written in format version 99, this Kiln reads up to version 1; use a newer Kiln"],
    ["train --resume later.safetensors --layers 3", "--layers: cannot change when a run is resumed, got 3; leave it out, or start a new run"],
    ["sample", "--checkpoint: no checkpoint.safetensors in out or its run folders; train first, or name the file"],
    ["sample --checkpoint later.safetensors", "checkpoint: written in format version 99"],
    ["sample --temperature=-1", '--temperature: needs a number at least 0, got "-1"'],
    ["sample --top-p 0", '--top-p: needs a number above 0 and at most 1, got "0"'],
    ["sample --tokens 0", '--tokens: needs a whole number at least 1, got "0"'],
    ["info", 'openDevice: unknown adapter, got "none-at-all"; use auto, hardware, system-software, swiftshader'],
  ])("kiln %s", (line, message) => {
    const { code, stdout, stderr } = run(...line.split(" "));
    expect(stderr).toContain(`error: ${message}`);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(1);
    expect(stdout).toBe("");
  });
});

describe("bad usage: exit 2", () => {
  it.each<[string, string]>([
    ["trian", "error: unknown command 'trian' (Did you mean train?); see kiln --help"],
    ["train --layer 3", "error: unknown option '--layer' (Did you mean --layers?); see kiln --help"],
    ["train --lr", "error: option '--lr <n>' argument missing; see kiln --help"],
    ["train file.txt", "error: too many arguments for 'train'. Expected 0 arguments but got 1"],
    ["info --jsn", "error: unknown option '--jsn' (Did you mean --json?)"],
  ])("kiln %s", (line, message) => {
    const { code, stderr } = run(...line.split(" "));
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(2);
  });

  it("no command shows the help", () => {
    const { code, stderr } = run();
    expect(stderr).toContain("Usage: kiln");
    expect(code).toBe(2);
  });
});

describe("help and version: exit 0", () => {
  it.each([["--help", "Usage: kiln"], ["train --help", "--weight-decay <n>"], ["sample --help", "--top-k <n>"], ["--version", "0."]])("kiln %s", (line, text) => {
    const { code, stdout, stderr } = run(...line.split(" "));
    expect(stdout).toContain(text);
    expect([code, stderr]).toEqual([0, ""]);
  });
});
