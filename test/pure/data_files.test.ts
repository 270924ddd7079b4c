// Files in Node: whole or not at all.
import { spawn, spawnSync } from "node:child_process";
import { build } from "esbuild";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DataError, UsageError } from "../../src/errors.js";
import { readFileBytes, writeFileAtomic } from "../../src/node/files.js";
import { MetricsFile } from "../../src/node/metrics_file.js";
import { mobyDick } from "../../src/node/moby_dick.js";
import { newestCheckpoint, newRunFolder } from "../../src/node/run_folder.js";
import { readText } from "../../src/node/text_source.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kiln-files-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});
const at = (...names: string[]) => join(folder, ...names);
const touch = (...names: string[]) => {
  mkdirSync(join(folder, ...names.slice(0, -1)), { recursive: true });
  writeFileSync(at(...names), "x");
};

/** The writer under test as a script of its own, for child processes. */
async function bundledWriter(body: string): Promise<string> {
  const script = at("writer.mjs");
  const entry = `import { writeFileAtomic } from ${JSON.stringify(join(import.meta.dirname, "../../src/node/files.ts"))};\n${body}`;
  await build({ stdin: { contents: entry, resolveDir: folder }, bundle: true, platform: "node", format: "esm", outfile: script });
  return script;
}

describe("writeFileAtomic", () => {
  it("replaces a file and leaves no other", () => {
    writeFileAtomic(at("deep", "er", "a.bin"), Uint8Array.of(1, 2));
    writeFileAtomic(at("deep", "er", "a.bin"), "text");
    expect(readFileSync(at("deep", "er", "a.bin"), "utf8")).toBe("text");
    expect(readdirSync(at("deep", "er"))).toEqual(["a.bin"]);
  });

  it("removes what dead writers of this file left, and nothing else", () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    const others = ["b.bin.1.tmp", `b.bin.${dead}-0.tmp`, `a.bin.${process.pid}-999.tmp`, "a.bin.notes.tmp", "a.bin"];
    for (const name of [...others, `a.bin.${dead}-0.tmp`]) touch(name);
    writeFileAtomic(at("a.bin"), "new");
    expect(readdirSync(folder).sort()).toEqual([...others].sort());
  });

  it("leaves the old file whole when the process is killed at any moment", async () => {
    const script = await bundledWriter(`
      const size = 2_000_000;
      process.stdout.write("ready");
      for (let round = 0; ; round++) writeFileAtomic(process.argv[2], new Uint8Array(size).fill(round % 256));`);
    const target = at("checkpoint");
    for (let round = 0; round < 15; round++) {
      const child = spawn(process.execPath, [script, target], { stdio: ["ignore", "pipe", "ignore"] });
      const gone = new Promise((resolve) => child.once("exit", resolve));
      await new Promise((resolve) => child.stdout.once("data", resolve));
      await new Promise((resolve) => setTimeout(resolve, 3 + round * 3));
      child.kill("SIGKILL");
      await gone;
      if (!existsSync(target)) continue;
      const bytes = readFileSync(target);
      expect(bytes.length).toBe(2_000_000);
      expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
    }
    expect(existsSync(target)).toBe(true);
    writeFileAtomic(target, "last");
    expect(readdirSync(folder).sort()).toEqual(["checkpoint", "writer.mjs"]);
  });

  it("never mixes two writers", async () => {
    const script = await bundledWriter(`
      for (let round = 0; round < 40; round++) writeFileAtomic(process.argv[2], new Uint8Array(500_000).fill(Number(process.argv[3])));`);
    const target = at("shared");
    const children = [1, 2].map((mark) => spawn(process.execPath, [script, target, String(mark)]));
    const codes = children.map((child) => new Promise<number | null>((resolve) => child.once("exit", resolve)));
    let running = true;
    void Promise.all(codes).then(() => (running = false));
    let seen = 0;
    while (running) {
      if (existsSync(target)) {
        const bytes = readFileSync(target);
        seen++;
        expect(bytes.length).toBe(500_000);
        expect(bytes.every((byte) => byte === bytes[0])).toBe(true);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(await Promise.all(codes)).toEqual([0, 0]);
    expect(seen).toBeGreaterThan(5);
  });

  it("names the file and the reason when it cannot write", () => {
    touch("plain");
    expect(() => writeFileAtomic(at("plain", "a.bin"), "x")).toThrow(/^write: cannot write .*plain\/a\.bin, got E\w+.*; free the space or choose another folder$/);
    expect(() => writeFileAtomic(at("plain", "a.bin"), "x")).toThrow(UsageError);
    mkdirSync(at("taken", "inside"), { recursive: true });
    expect(() => writeFileAtomic(at("taken"), "x")).toThrow(UsageError);
    expect(readdirSync(folder).sort()).toEqual(["plain", "taken"]);
  });
});

describe("readFileBytes", () => {
  it("names the flag, the file and what is wrong", () => {
    touch("a.txt");
    expect([...readFileBytes(at("a.txt"), "--data")]).toEqual([120]);
    expect(() => readFileBytes(at("b.txt"), "--data")).toThrow(`--data: no such file, got ${at("b.txt")}; check the path`);
    expect(() => readFileBytes(folder, "--data")).toThrow(`--data: needs a file, got the folder ${folder}`);
    expect(() => readFileBytes(at("b.txt"), "--data")).toThrow(DataError);
    if (process.getuid?.() === 0) return; // root reads everything
    chmodSync(at("a.txt"), 0);
    expect(() => readFileBytes(at("a.txt"), "--data")).toThrow(/--data: cannot read/);
  });
});

describe("run folders", () => {
  it("takes a named folder that holds no run, and refuses one that does", () => {
    expect(newRunFolder(at("new"))).toBe(at("new"));
    touch("old", "checkpoint.safetensors");
    touch("rows", "metrics.jsonl");
    touch("file");
    expect(() => newRunFolder(at("old"))).toThrow(`--out: ${at("old")} already holds a run, got no --resume; go on with --resume ${at("old", "checkpoint.safetensors")}, or name another folder`);
    expect(() => newRunFolder(at("rows"))).toThrow(UsageError);
    expect(() => newRunFolder(at("file"))).toThrow(`--out: needs a folder, got the file ${at("file")}`);
  });

  it("finds the newest checkpoint among a folder and its runs", async () => {
    expect(() => newestCheckpoint(at("none"))).toThrow(/no checkpoint.safetensors in .*none or its run folders; train first/);
    touch("out", "checkpoint.safetensors");
    expect(newestCheckpoint(at("out"))).toBe(at("out", "checkpoint.safetensors"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    touch("out", "run-2", "checkpoint.safetensors");
    touch("out", "elsewhere", "checkpoint.safetensors");
    expect(newestCheckpoint(at("out"))).toBe(at("out", "run-2", "checkpoint.safetensors"));
  });
});

describe("MetricsFile", () => {
  const row = (step: number) => ({ step, loss: 1 / step, lr: 0.1, gradNorm: NaN, clipped: false, skipped: false, lossScale: 1, tokensPerSecond: 1 });
  const steps = () => readFileSync(at("m.jsonl"), "utf8").trim().split("\n").map((line) => (JSON.parse(line) as { step: number }).step);

  it("writes JSON lines, and refuses an existing file", () => {
    const file = new MetricsFile(at("m.jsonl"), null);
    for (let step = 1; step <= 45; step++) file.add(row(step));
    expect(steps()).toHaveLength(40); // the rest waits for the next batch or flush
    file.flush();
    expect(steps()).toEqual(Array.from({ length: 45 }, (_, i) => i + 1));
    expect(JSON.parse(readFileSync(at("m.jsonl"), "utf8").split("\n")[2]!)).toEqual({ ...row(3), gradNorm: null });
    expect(() => new MetricsFile(at("m.jsonl"), null)).toThrow(`--metrics: the file exists, got ${at("m.jsonl")}; name another one`);
  });

  it("drops the rows that a resumed run makes again, and a line cut off by a crash", () => {
    const file = new MetricsFile(at("m.jsonl"), null);
    for (const step of [1, 2, 3, 4, 5]) file.add(row(step));
    file.flush();
    writeFileSync(at("m.jsonl"), `${readFileSync(at("m.jsonl"), "utf8")}{"step":6,"lo`);
    const resumed = new MetricsFile(at("m.jsonl"), 3);
    resumed.add(row(4));
    resumed.flush();
    expect(steps()).toEqual([1, 2, 3, 4]);
  });
});

describe("the default text", () => {
  it("is Moby-Dick, from its first chapter, in a small alphabet", () => {
    const novel = mobyDick();
    expect(novel.startsWith("CHAPTER 1. Loomings.\n\nCall me Ishmael. Some years ago\u2014never mind how long precisely")).toBe(true);
    expect(novel.trimEnd().endsWith("only found another orphan.")).toBe(true);
    expect(novel.length).toBeGreaterThan(1_150_000);
    expect(new Set(novel).size).toBeLessThan(90);
    expect(novel.match(/^CHAPTER \d+\. /gm)).toHaveLength(135);
    expect(readText("moby-dick")).toBe(novel);
  });

  it("gives way to a file", () => {
    writeFileSync(at("a.txt"), "\ufeffone\r\ntwo");
    expect(readText(at("a.txt"))).toBe("one\ntwo");
    expect(() => readText(at("b.txt"))).toThrow("--data: no such file");
  });
});
