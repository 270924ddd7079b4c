// The package as a stranger gets it: packed, installed into an empty project, and used from there.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { build as viteBuild } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
// @ts-expect-error plain JavaScript, which serves the studio too
import { staticServer } from "../../scripts/static_server.mjs";
import { launchBrowser, openPage } from "../support/browser.js";
import { temporaryFolder } from "./run_kiln.js";

const repository = resolve(import.meta.dirname, "../..");
const { folder, remove } = temporaryFolder();
const installed = join(folder, "node_modules/kiln-gpu");
let packedBytes = 0;

beforeAll(() => {
  run(repository, process.execPath, ["scripts/build.mjs", "--no-pages"]);
  run(repository, "npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder]);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
  packedBytes = statSync(join(folder, tarball)).size;
  write("package.json", JSON.stringify({ name: "stranger", private: true, type: "module" }));
  run(folder, "npm", ["install", `./${tarball}`, "--prefer-offline", "--no-audit", "--no-fund", "--omit=optional"]);
  // The optional peers, hundreds of megabytes, are not copied.
  for (const peer of ["webgpu", "@sparticuz/chromium"]) {
    const link = join(folder, "node_modules", peer);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(repository, "node_modules", peer), link);
  }
});
afterAll(remove);

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

function run(cwd: string, command: string, args: readonly string[]): string {
  const { VITEST: _, NODE_OPTIONS: __, ...inherited } = process.env;
  const env = { ...inherited, KILN_ADAPTER: "swiftshader", NO_COLOR: "1", npm_config_update_notifier: "false" };
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: "utf8", timeout: 200_000 });
  expect(status, `${command} ${args.join(" ")}: ${error ?? ""} ${stdout} ${stderr}`).toBe(0);
  return stdout;
}

/** A training of a dozen steps, whose losses it calls `losses`. */
const training = (from: string) => `
  import { AdamW, capture, nn, openDevice, schedule, text } from "${from}";
  const device = await openDevice();
  const data = text.characters("the quick brown fox jumps over the lazy dog. ".repeat(20), { block: 8, batch: 4, seed: 1 });
  const model = new nn.GPT(device, { layers: 1, heads: 1, width: 16, block: 8, vocab: data.vocab.size, seed: 1 });
  const lr = schedule.warmup({ steps: 4, to: 0.02 }).then(schedule.constant(0.02));
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr });
  const step = capture(device, ({ tokens, targets }) => {
    optimizer.zeroGrad();
    const loss = model.loss(tokens, targets);
    loss.backward();
    optimizer.step();
    return loss;
  });
  const losses = [];
  for (let i = 0; i < 12; i++) losses.push(await step(data.next()).item());
  device.close();`;

const inPage = (from: string) => `${training(from)}\n  document.body.dataset.losses = JSON.stringify(losses);`;

function expectLearned(losses: number[]): void {
  expect(losses).toHaveLength(12);
  expect(losses[11]!).toBeLessThan(losses[0]! - 0.3);
}

describe("what is packed", () => {
  it("is what runs, with its types, and no pages, sources or maps of the library", () => {
    for (const name of ["dist/index.js", "dist/node.js", "dist/cli.js", "dist/kiln.min.js", "dist/types/index.d.ts", "dist/schedule/index.js", "LICENSE", "README.md"]) {
      expect(existsSync(join(installed, name)), name).toBe(true);
    }
    const names = readdirSync(installed, { recursive: true, encoding: "utf8" });
    expect(names.filter((name) => /^(src|test|dist\/(bench|studio|api))\/|\.tmp/.test(name))).toEqual([]);
    console.log(`the package: ${(packedBytes / 1024).toFixed(0)} KiB packed, ${names.length} files`);
    expect(packedBytes).toBeLessThan(2 * 1024 * 1024);
  });
});

describe("in Node", () => {
  let losses: number[];

  it("trains", () => {
    write("train.js", `${training("kiln-gpu/node")}\n  console.log(JSON.stringify(losses));`);
    expectLearned((losses = JSON.parse(run(folder, process.execPath, ["train.js"])) as number[]));
  });

  it("runs the command line: npx kiln info, and a training", () => {
    expect(run(folder, "npx", ["--no-install", "kiln", "info"])).toMatch(/SwiftShader/);
    write("text.txt", "to be or not to be, that is the question. ".repeat(60));
    run(folder, "npx", ["--no-install", "kiln", "train", "--data", "text.txt", "--layers", "1", "--heads", "1", "--width", "16", "--block", "16", "--batch", "4", "--steps", "4", "--out", "run"]);
    expect(readdirSync(join(folder, "run"))).toEqual(expect.arrayContaining(["checkpoint.safetensors", "metrics.jsonl"]));
  });

  it("gives the same losses in each of two processes", () => {
    expect(JSON.parse(run(folder, process.execPath, ["train.js"]))).toEqual(losses);
  });
});

describe("in a browser", () => {
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    browser = await launchBrowser();
    server = staticServer(folder) as Server;
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  /** Serves a page with one module script, under the studio's Content-Security-Policy, and reads the losses. */
  async function lossesIn(script: string): Promise<number[]> {
    const name = script.replace(/\W/g, "_");
    write(`${name}.html`, `<!doctype html><title>${name}</title><link rel="icon" href="data:,"><script type="module" src="./${script}"></script>`);
    const { page, complaints } = await openPage(browser, `http://localhost:${(server.address() as AddressInfo).port}/${name}.html`);
    const read = () => page.evaluate(() => document.body.dataset.losses);
    await expect.poll(async () => complaints.length > 0 || (await read()) !== undefined, { timeout: 120_000 }).toBe(true);
    expect(complaints).toEqual([]);
    const losses = (await read())!;
    await page.close();
    return JSON.parse(losses) as number[];
  }

  it("trains from esbuild's bundle", async () => {
    write("web.js", inPage("kiln-gpu"));
    await build({ entryPoints: [join(folder, "web.js")], bundle: true, minify: true, format: "esm", target: "es2022", external: ["gpt-tokenizer/*"], outfile: join(folder, "out/esbuild.js"), logLevel: "silent" });
    expectLearned(await lossesIn("out/esbuild.js"));
  });

  it("trains from Vite's bundle", async () => {
    write("vite/index.html", '<!doctype html><title>vite</title><script type="module" src="./main.js"></script>');
    write("vite/main.js", inPage("kiln-gpu"));
    await viteBuild({ root: join(folder, "vite"), configFile: false, logLevel: "error", base: "./", build: { target: "es2022", outDir: "../out/vite", rollupOptions: { external: [/^gpt-tokenizer/] } } });
    const [script] = readdirSync(join(folder, "out/vite/assets")).filter((name) => name.endsWith(".js"));
    expectLearned(await lossesIn(`out/vite/assets/${script}`));
  });

  it("trains without a bundler, from one file and from the modules", async () => {
    write("plain.js", inPage("./node_modules/kiln-gpu/dist/kiln.min.js"));
    const fromOneFile = await lossesIn("plain.js");
    expectLearned(fromOneFile);
    write("modules.js", inPage("./node_modules/kiln-gpu/dist/index.js"));
    expect(await lossesIn("modules.js")).toEqual(fromOneFile);
  });
});

describe("bundles", () => {
  const bytesOf = async (program: string) => {
    const { outputFiles } = await build({ stdin: { contents: program, resolveDir: folder }, bundle: true, minify: true, format: "esm", platform: "browser", target: "es2022", external: ["gpt-tokenizer/*"], write: false, logLevel: "silent" });
    const text = outputFiles[0]!.text;
    expect(text).not.toMatch(/(from|import\(|require\()\s*["']node:/);
    return gzipSync(text).length;
  };

  it("hold what the program uses", async () => {
    const sizes = {
      "a schedule, of kiln-gpu/schedule": await bytesOf('import { cosine, warmup } from "kiln-gpu/schedule"; console.log(warmup({ steps: 1, to: 1 }).then(cosine({ steps: 9 })).at(0))'),
      "tensors and a product": await bytesOf('import { matmul, openDevice, tensor } from "kiln-gpu"; const d = await openDevice(); console.log(await matmul(tensor(d, [[1]]), tensor(d, [[1]])).data())'),
      "all of kiln-gpu": await bytesOf('import * as kiln from "kiln-gpu"; console.log(kiln)'),
    };
    console.log(Object.entries(sizes).map(([what, bytes]) => `${what}: ${(bytes / 1024).toFixed(1)} KiB gzip`).join("; "));
    expect(sizes["a schedule, of kiln-gpu/schedule"]).toBeLessThan(10 * 1024);
    expect(sizes["tensors and a product"]).toBeLessThan(60 * 1024);
    expect(sizes["all of kiln-gpu"]).toBeLessThan(200 * 1024);
  });
});

describe("types", () => {
  const program = (option: string) => `
    import { AdamW, nn, openDevice, schedule, type Tensor } from "kiln-gpu";
    import { cosine, type Schedule } from "kiln-gpu/schedule";
    const lr: Schedule = schedule.warmup({ steps: 2, to: 1e-3 }).then(cosine({ steps: 8 }));
    const device = await openDevice();
    const model = new nn.Linear(device, 2, 3);
    const optimizer = new AdamW(model.parameters(), { ${option} });
    const y: Tensor = model.forward(undefined as unknown as Tensor);
    void [device.gpu.limits, optimizer, y.sum()];
    export {};`;

  const compile = (name: string, source: string, [module, resolution]: readonly [string, string]) => {
    write(name, source);
    const flags = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022", "--lib", "es2022,dom", "--module", module, "--moduleResolution", resolution];
    return spawnSync(process.execPath, [join(repository, "node_modules/typescript/bin/tsc"), ...flags, name], { cwd: folder, encoding: "utf8" }).stdout;
  };

  it.each([["node16", "node16"], ["nodenext", "nodenext"], ["esnext", "bundler"]] as const)("compile under strict with module %s and resolution %s, and refuse a wrong option", (...how) => {
    expect(compile("good.ts", program("lr"), how)).toBe("");
    expect(compile("bad.ts", program("learningRate: lr"), how)).toContain("learningRate");
  });

  it("need nothing of the DOM for schedules", () => {
    write("rates.ts", 'import { warmup } from "kiln-gpu/schedule"; export const rate: number = warmup({ steps: 2, to: 1 }).at(0);');
    const flags = ["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022", "--lib", "es2022", "--module", "node16"];
    const { stdout } = spawnSync(process.execPath, [join(repository, "node_modules/typescript/bin/tsc"), ...flags, "rates.ts"], { cwd: folder, encoding: "utf8" });
    expect(stdout).toBe("");
  });

  it("stand beside every module", () => {
    const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as { exports: Record<string, Record<string, string> | string> };
    const targets = Object.values(manifest.exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)));
    expect(targets.filter((target) => !existsSync(join(installed, target)))).toEqual([]);
  });
});
