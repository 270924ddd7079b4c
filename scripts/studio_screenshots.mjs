// Pictures of Kiln Studio for the documents, of real training in the tests' browser: node scripts/studio_screenshots.mjs
// They go to docs/studio.
import { build } from "esbuild";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildStudio } from "./build_studio.mjs";
import { staticServer } from "./static_server.mjs";

const root = resolve(import.meta.dirname, "..");
process.chdir(root);
const target = "docs/studio";
mkdirSync(target, { recursive: true });

const { launchBrowser } = await testSupport();
const folder = mkdtempSync(join(tmpdir(), "kiln-studio-"));
await buildStudio(folder);
const server = staticServer(folder);
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const url = `http://localhost:${server.address().port}/`;
const browser = await launchBrowser();

try {
  await take("light", { colorScheme: "light", viewport: { width: 1280, height: 900 } });
  await take("dark", { colorScheme: "dark", viewport: { width: 1280, height: 900 } });
  await take("phone", { colorScheme: "light", viewport: { width: 390, height: 844 } });
  await takeRuns();
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}

/** The default preset in the middle of its run, with text that it wrote. */
async function take(name, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  await page.goto(url);
  await page.getByText("Ready. Press Start.").waitFor({ timeout: 60_000 });
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.waitForFunction(() => Number(/step ([\d,]+) of/.exec(document.querySelector(".run-controls .status").textContent)?.[1] ?? 0) >= 250, null, { timeout: 300_000 });
  await page.getByRole("button", { name: "Pause", exact: true }).click();
  await page.waitForFunction(() => [...document.querySelectorAll(".run-controls button")].some((button) => button.textContent === "Resume" && !button.disabled), null, { timeout: 60_000 });
  await save(page, name);
  if (name === "light") await save(page.locator(".tabs"), "text");
  await context.close();
}

/** A small run, its clone without warmup, and a sweep of the peak rate at two seeds. */
async function takeRuns() {
  // So high that nothing scrolls under the controls.
  const context = await browser.newContext({ colorScheme: "light", viewport: { width: 1280, height: 3000 } });
  const page = await context.newPage();
  await page.goto(`${url}#layers=1&width=32&block=16&batch=4&steps=150&evalEvery=50&clip=0`);
  await page.getByText("Ready. Press Start.").waitFor({ timeout: 60_000 });
  await page.getByRole("tab", { name: "Runs" }).click();
  const press = (name) => page.getByRole("button", { name, exact: true }).click();
  const isDone = (name) => page.waitForFunction((wanted) => [...document.querySelectorAll(".runs-table tbody tr")].some((line) => line.textContent.includes(wanted) && line.dataset.status === "done"), name, { timeout: 300_000 });
  await press("Start");
  await isDone("");
  await press("Clone with warmup off");
  await isDone("no warmup");
  await page.getByText("Sweep one setting").click();
  await page.getByLabel("Seeds").fill("2");
  await press("Start sweep");
  await page.getByText("10 of 10 runs.").waitFor({ timeout: 300_000 });
  await save(page.locator(".tabs"), "runs");
  await context.close();
}

/** A page or a part of one. */
async function save(shown, name) {
  const path = join(target, `${name}.png`);
  await shown.screenshot({ path, animations: "disabled" });
  console.log(`${path}  ${(statSync(path).size / 1000).toFixed(0)} kB`);
}

/** The tests' browser is written in TypeScript. */
async function testSupport() {
  const outfile = join(root, "node_modules/.cache/kiln/browser.mjs");
  await build({ entryPoints: ["test/support/browser.ts"], outfile, bundle: true, platform: "node", format: "esm", packages: "external", logLevel: "warning" });
  return import(outfile);
}
