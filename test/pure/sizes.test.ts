// What a browser has to download before it can train.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Metafile } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
// @ts-expect-error plain JavaScript, of the build
import { buildStudio } from "../../scripts/build_studio.mjs";
// @ts-expect-error plain JavaScript, of the build
import { esbuildWgsl } from "../../scripts/wgsl_plugin.mjs";

const root = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "kiln-sizes-"));
const kB = (bytes: number) => Math.round(bytes / 100) / 10;
const gzipped = (contents: Uint8Array | string) => gzipSync(contents).length;

let outputs: Metafile["outputs"];

beforeAll(async () => {
  const { outputs: built } = (await buildStudio(folder)) as Metafile;
  outputs = Object.fromEntries(Object.entries(built).map(([path, output]) => [relative(folder, resolve(root, path)), { ...output, imports: output.imports.map((one) => ({ ...one, path: relative(folder, resolve(root, one.path)) })) }]));
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Scripts that load with `entries`: what they import at once, but not on demand. */
function loadedWith(entries: readonly string[]): Set<string> {
  const loaded = new Set<string>();
  const load = (path: string) => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: next, kind, external } of outputs[path]!.imports) if (kind === "import-statement" && !external) load(next);
  };
  entries.forEach(load);
  return loaded;
}

async function bundled(program: string): Promise<number> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents: program, resolveDir: root, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    external: ["gpt-tokenizer/*"],
    write: false,
    plugins: [esbuildWgsl({ minify: true })],
  });
  return gzipped(outputFiles[0]!.contents);
}

describe("download sizes, gzip", () => {
  it("of the studio: page and worker before any data are under 300 kB", () => {
    const scripts = loadedWith(["main.js", "worker.js"]);
    const files = ["index.html", "main.css", ...scripts];
    const total = files.reduce((sum, file) => sum + gzipped(readFileSync(join(folder, file))), 0);
    console.log(`studio: ${kB(total)} kB in ${files.length} files`);
    expect([...scripts].some((path) => path.includes("bench_worker"))).toBe(false);
    expect(total).toBeGreaterThan(100_000);
    expect(total).toBeLessThan(300_000);
  });

  it("of the studio's files: no source maps, no data beside the built-in text", () => {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.\w+$/.test(name));
    expect(files.filter((name) => !/\.(js|css|html|txt)$/.test(name))).toEqual([]);
  });

  it("of programs with the library: what is not used is left out", async () => {
    const product = await bundled('export { openDevice, tensor, matmul, backward } from "./src/index.js"');
    const gpt = await bundled('export { openDevice, AdamW, capture, text } from "./src/index.js"; export { GPT } from "./src/nn/gpt.js"; export { warmup } from "./src/schedule/warmup.js"; export { cosine } from "./src/schedule/cosine.js"');
    const all = await bundled('export * from "./src/index.js"');
    console.log(`matmul with gradient ${kB(product)} kB, a GPT with AdamW ${kB(gpt)} kB, everything ${kB(all)} kB`);
    expect(product).toBeLessThan(60_000);
    expect(gpt).toBeLessThan(110_000);
    expect(all).toBeLessThan(170_000);
  });
});
