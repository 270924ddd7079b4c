// A real browser from npm: the headless Chromium of @sparticuz/chromium, unpacked to the cache folder with the few
// system libraries it needs, so that nothing has to be installed. KILN_BROWSER names another executable.
import { build } from "esbuild";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { chromium, type Browser, type Page } from "playwright-core";
import { cacheFolder } from "../../src/node/cache.js";
import { readTar } from "../../src/node/tar.js";
// @ts-expect-error plain JavaScript, shared with the build
import { esbuildWgsl } from "../../scripts/wgsl_plugin.mjs";

export const quietFlags = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
/** WebGPU on the processor: the same driver everywhere. On one that others use too a kernel takes long to compile, which a watchdog takes for a GPU that hangs. */
export const webgpuFlags: readonly string[] = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--disable-gpu-watchdog"];

/** Unpacked once a version; returns the executable and the folder with its libraries. */
function unpackChromium(): { executable: string; libraries: string } {
  const require = createRequire(import.meta.url);
  const root = resolve(dirname(require.resolve("@sparticuz/chromium")), "..");
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const folder = join(cacheFolder(), `chromium-${version}`);
  if (!existsSync(folder)) {
    const partial = `${folder}.${process.pid}.tmp`;
    rmSync(partial, { recursive: true, force: true });
    const archive = (name: string) => brotliDecompressSync(readFileSync(join(root, "bin", name)));
    const write = (name: string, data: Buffer) => {
      mkdirSync(dirname(join(partial, name)), { recursive: true });
      writeFileSync(join(partial, name), data, { mode: 0o755 });
    };
    write("chromium", archive("chromium.br"));
    for (const name of ["swiftshader.tar.br", "al2023.tar.br"]) for (const file of readTar(archive(name))) write(file.name, file.data);
    try {
      renameSync(partial, folder);
    } catch (error) {
      // Another process was first.
      rmSync(partial, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  return { executable: join(folder, "chromium"), libraries: join(folder, "lib") };
}

/** The browser's executable and what it needs in its environment. Throws where there is none. */
export function chromiumCommand(): { executable: string; env: Record<string, string> } {
  const env = { ...process.env } as Record<string, string>;
  const own = process.env.KILN_BROWSER;
  if (own) return { executable: own, env };
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new Error("browser tests: the packaged Chromium is for Linux x64; set KILN_BROWSER to a Chrome or Chromium");
  }
  const { executable, libraries } = unpackChromium();
  return { executable, env: { ...env, LD_LIBRARY_PATH: [libraries, env.LD_LIBRARY_PATH].filter(Boolean).join(":") } };
}

/** `extraFlags` are those of WebGPU by default: none for a browser without. */
export async function launchBrowser(extraFlags: readonly string[] = webgpuFlags): Promise<Browser> {
  const { executable, env } = chromiumCommand();
  return chromium.launch({ executablePath: executable, args: [...quietFlags, ...extraFlags], env });
}

/** Serves one bundled script and an empty page on localhost, which browsers treat as secure. */
export async function servePage(entry: string): Promise<{ url: string; server: Server }> {
  const bundle = await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
    sourcemap: "inline",
    plugins: [esbuildWgsl()],
  });
  const script = bundle.outputFiles[0]!.text;
  const server = createServer((request, response) => {
    if (request.url === "/script.js") response.writeHead(200, { "content-type": "text/javascript" }).end(script);
    else if (request.url === "/") response.writeHead(200, { "content-type": "text/html" }).end('<!doctype html><title>kiln</title><script type="module" src="/script.js"></script>');
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://localhost:${(server.address() as AddressInfo).port}/`, server };
}

/** Opens the page and collects what it complains about: console errors and uncaught exceptions. */
export async function openPage(browser: Browser, url: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("favicon")) complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}
