// Rows of the fault table that take a process of their own.
import { spawn, spawnSync } from "node:child_process";
import { build } from "esbuild";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect } from "vitest";
import { decodeSafetensors } from "../../src/io/safetensors.js";
import { runNode, runScript } from "../support/child.js";
import { fault, skip } from "../support/fault.js";
import { testRandom } from "../support/nd.js";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "kiln-faults-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const noSystemVulkan = { VK_DRIVER_FILES: "/nonexistent", VK_ICD_FILENAMES: "/nonexistent" };

/** Saves checkpoints without end: argv[2] is the file, argv[3] the first step. */
async function bundledSaver(): Promise<string> {
  const script = join(folder, "saver.mjs");
  if (existsSync(script)) return script;
  const contents = `
    import { encodeSafetensors } from "./src/io/safetensors.js";
    import { writeFileAtomic } from "./src/node/files.js";
    const size = 400_000;
    const [file, first, rounds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4] ?? Infinity)];
    for (let step = first; step < first + rounds; step++) {
      const data = new Uint8Array(4 * size).fill(step % 256);
      writeFileAtomic(file, encodeSafetensors({ tensors: new Map([["w", { dtype: "F32", shape: [size], data }]]), metadata: new Map([["step", String(step)]]) }));
      if (step === first) process.stdout.write("saved");
    }`;
  await build({ stdin: { contents, resolveDir: root, loader: "ts" }, bundle: true, platform: "node", format: "esm", outfile: script });
  return script;
}

/** The step of a whole file; throws for a mix of two. */
function stepIn(file: string): number {
  const { tensors, metadata } = decodeSafetensors(readFileSync(file));
  const step = Number(metadata.get("step"));
  const { data } = tensors.get("w")!;
  for (let i = 0; i < data.length; i += 997) if (data[i] !== step % 256) throw new Error(`byte ${i} is of another save than step ${step}`);
  return step;
}

fault(1, "Node", "no adapter: a typed error that says what was tried, and the process ends", async () => {
  const script = `
    import { openDevice } from "./src/node/open_device.js";
    await openDevice({ adapter: "system-software" }).catch((error) => console.log(error.name, JSON.stringify(error.tried), error.message));`;
  const started = performance.now();
  const { code, stdout } = await runScript(script, { ...noSystemVulkan, KILN_ADAPTER: "" });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^AdapterError \["the system's graphics drivers: .*"\] openDevice: no WebGPU adapter found/);
  expect(performance.now() - started).toBeLessThan(60_000);
});

fault(2, "Node", "GPU tests without their adapter fail, they are not skipped", async () => {
  const { code, stdout, stderr } = await runNode(["node_modules/vitest/vitest.mjs", "run", "--project", "lavapipe", "test/gpu/recipe.test.ts"], { ...noSystemVulkan, CI: "" }, 110_000);
  expect(code, stdout + stderr).toBe(1);
  expect(stdout + stderr).toContain("AdapterError");
  expect(stdout).not.toMatch(/skipped/);
});

fault(6, "Node", "a GPU that hangs: the wait ends at the deadline and names the kernel, close() returns at once", async () => {
  const script = `
    import { openDevice } from "./src/node/open_device.js";
    import { launch } from "./src/gpu/launch.js";
    import { zeros } from "./src/ops/index.js";
    const device = await openDevice();
    device.timeout_ms = 1500;
    const y = zeros(device, [1]);
    await device.sync();
    const code = "@group(0) @binding(0) var<storage, read_write> y: array<f32>;\\n@compute @workgroup_size(1)\\nfn main() { loop { if (y[0] > 1.0) { break; } y[0] = y[0] * 0.5 + 0.25; } }";
    launch(device, { name: "endless", code }, { buffers: { y: y.buffer }, workgroups: 1 });
    const started = performance.now();
    const error = await y.data().catch((error) => error);
    const waited = performance.now() - started;
    const later = await device.sync().catch((error) => error);
    const closing = performance.now();
    device.close();
    console.log(JSON.stringify({ name: error.name, message: error.message, waited, later: later.name, closed: performance.now() - closing }));
    process.exit(0);`;
  const { stdout, stderr } = await runScript(script, { KILN_ADAPTER: "swiftshader" }, 60_000);
  const result = JSON.parse(stdout || "{}") as Record<string, unknown>;
  expect(result, stderr).toMatchObject({ name: "GpuTimeoutError", later: "GpuTimeoutError" });
  expect(result.message).toMatch(/no answer from the GPU within 1\.5 s, the last kernel launched was endless/);
  expect(result.waited).toBeLessThan(20_000);
  expect(result.closed).toBeLessThan(2000);
});

fault(
  28,
  "Node",
  "200 kills at any moment of a save: the file is whole, and never older than the one before",
  async (count) => {
    const script = await bundledSaver();
    const file = join(folder, "killed.safetensors");
    const random = testRandom(28);
    let last = 0;
    for (let round = 0; round < 200; round++) {
      const child = spawn(process.execPath, [script, file, String(last + 1)], { stdio: ["ignore", "pipe", "ignore"] });
      const gone = new Promise((done) => child.once("exit", done));
      // Half of them inside the first save.
      if (round % 2 === 0) await new Promise((done) => child.stdout.once("data", done));
      await new Promise((done) => setTimeout(done, round % 2 === 0 ? random.integer(20) : 25 + random.integer(40)));
      child.kill("SIGKILL");
      await gone;
      if (!existsSync(file)) continue;
      const step = stepIn(file);
      expect(step).toBeGreaterThanOrEqual(last);
      last = step;
    }
    count(200, "kills in a save");
    expect(last).toBeGreaterThan(100);
    const { status } = spawnSync(process.execPath, [script, file, String(last + 1), "1"]);
    expect(status).toBe(0);
    expect(readdirSync(folder).filter((name) => name.includes("killed")), "what the dead left is removed").toEqual(["killed.safetensors"]);
  },
  240_000,
);

fault(28, "full disk", "a save that runs out of space: a typed error, the old checkpoint is as it was, nothing is left behind", async () => {
  if (process.platform === "win32") skip("no ulimit on Windows");
  const script = await bundledSaver();
  const file = join(folder, "full.safetensors");
  expect(spawnSync(process.execPath, [script, file, "1", "1"]).status).toBe(0);
  const before = readFileSync(file);
  // The shell's limit on the size of files stands for a full disk: the write fails in its middle.
  const { status, stderr } = spawnSync("sh", ["-c", `trap '' XFSZ; ulimit -f 800; exec "$0" "$1" "$2" 2 1`, process.execPath, script, file], { encoding: "utf8" });
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/write: cannot write .*full\.safetensors, got E/);
  expect(readFileSync(file).equals(before)).toBe(true);
  expect(readdirSync(folder).filter((name) => name.includes("full"))).toEqual(["full.safetensors"]);
});

fault(28, "no space", "a disk that is full in the middle of a save: the same, with the system's ENOSPC", async () => {
  const script = await bundledSaver();
  const file = join(folder, "enospc.safetensors");
  expect(spawnSync(process.execPath, [script, file, "1", "1"]).status).toBe(0);
  const before = readFileSync(file);
  const preload = join(folder, "full_disk.mjs");
  writeFileSync(
    preload,
    `import fs from "node:fs";
    import { syncBuiltinESMExports } from "node:module";
    const write = fs.writeSync;
    let room = 300_000;
    fs.writeSync = (file, bytes, at, length) => {
      if (room === 0) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
      const written = write(file, bytes, at, Math.min(length, room));
      room -= written;
      return written;
    };
    syncBuiltinESMExports();`,
  );
  const { status, stderr } = spawnSync(process.execPath, ["--import", preload, script, file, "2", "1"], { encoding: "utf8" });
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/UsageError: write: cannot write .*enospc\.safetensors, got ENOSPC: no space left on device, write; free the space/);
  expect(readFileSync(file).equals(before)).toBe(true);
  expect(readdirSync(folder).filter((name) => name.includes("enospc"))).toEqual(["enospc.safetensors"]);
});

fault(28, "read-only", "a save into a folder that cannot be written or made: a typed error that names the file, at once", async () => {
  const script = await bundledSaver();
  // Nothing can be made there, by no one; Node's own way to make folders tries for ever.
  for (const file of ["/proc/kiln.safetensors", "/proc/kiln/run-1/checkpoint.safetensors"]) {
    const { status, stderr } = spawnSync(process.execPath, [script, file, "1", "1"], { encoding: "utf8", timeout: 20_000 });
    expect(status, file).toBe(1);
    expect(stderr).toContain(`UsageError: write: cannot write ${file}, got E`);
  }
});

fault(38, "Node", "two processes that save one file 100 times each: always one or the other, whole", async (count) => {
  const script = await bundledSaver();
  const file = join(folder, "shared.safetensors");
  writeFileSync(join(folder, "other"), "");
  const children = [1, 1001].map((first) => spawn(process.execPath, [script, file, String(first), "100"]));
  const codes = Promise.all(children.map((child) => new Promise<number | null>((done) => child.once("exit", done))));
  let running = true;
  void codes.then(() => (running = false));
  const seen = new Set<number>();
  while (running) {
    if (existsSync(file)) seen.add(stepIn(file));
    await new Promise((done) => setTimeout(done, 3));
  }
  expect(await codes).toEqual([0, 0]);
  expect(seen.size).toBeGreaterThan(10);
  expect([100, 1100]).toContain(stepIn(file));
  expect(readdirSync(folder).filter((name) => name.includes("shared"))).toEqual(["shared.safetensors"]);
  count(200, "saves by two writers");
});
