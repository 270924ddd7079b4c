// Pictures of Kiln Studio for the documents, of real training in the tests' browser: node scripts/studio_screenshots.mjs [name ...]
// They go to docs/studio. With --looks FOLDER each is taken in the dark and on a phone's width too, to be looked at.
import { build } from "esbuild";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildStudio } from "./build_studio.mjs";
import { staticServer } from "./static_server.mjs";

const root = resolve(import.meta.dirname, "..");
process.chdir(root);
const { values, positionals: wanted } = parseArgs({ allowPositionals: true, options: { looks: { type: "string" } } });
const target = "docs/studio";
for (const folder of [target, values.looks]) if (folder) mkdirSync(folder, { recursive: true });

const wide = { width: 1280, height: 900 };
/** So high that nothing scrolls under the controls. */
const high = { width: 1280, height: 3000 };
const narrow = { width: 390, height: 844 };
/** Each takes the pictures of its names. */
const sessions = [
  { names: ["light", "text", "attention", "tools"], take: takePanels },
  { names: ["dark"], take: () => takeFront("dark", { colorScheme: "dark", viewport: wide }) },
  { names: ["phone"], take: () => takeFront("phone", { colorScheme: "light", viewport: narrow }) },
  { names: ["runs"], take: takeRuns },
  { names: ["compare"], take: takeComparison },
];

const { launchBrowser } = await testSupport();
const folder = mkdtempSync(join(tmpdir(), "kiln-studio-"));
await buildStudio(folder);
const server = staticServer(folder);
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const url = `http://localhost:${server.address().port}/`;
const browser = await launchBrowser();

try {
  for (const { names, take } of sessions) if (wanted.length === 0 || names.some((name) => wanted.includes(name))) await take();
} finally {
  await browser.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
}

/** The default preset in the middle of its run, with text that it wrote. */
async function openFront(options) {
  const page = await openPage("", options);
  await press(page, "Start");
  await page.waitForFunction(() => Number(/step ([\d,]+) of/.exec(document.querySelector(".run-controls .status").textContent)?.[1] ?? 0) >= 250, null, { timeout: 300_000, polling: 200 });
  await press(page, "Pause");
  await page.waitForFunction(() => [...document.querySelectorAll(".run-controls button")].some((button) => button.textContent === "Resume" && !button.disabled), null, { timeout: 60_000, polling: 200 });
  return page;
}

async function takeFront(name, options) {
  const page = await openFront(options);
  await save(page, join(target, `${name}.png`));
  await page.context().close();
}

/** The same run: as a whole, what it wrote with the alternatives of a letter, where its heads look, and what the tools say. */
async function takePanels() {
  const page = await openFront({ colorScheme: "light", viewport: wide });
  await save(page, join(target, "light.png"));
  await page.setViewportSize(high);
  await page.locator(".sample").first().locator('[role="option"]:not(.given)').nth(20).hover();
  await show(page, "text", ".tabs");
  await page.getByRole("tab", { name: "Attention" }).click();
  await press(page, "Look");
  await page.getByRole("button", { name: "layer 2, head 1" }).click({ timeout: 60_000 });
  await show(page, "attention", ".tabs");
  await page.getByRole("tab", { name: "Tools" }).click();
  await press(page, "Run the range test");
  await page.getByRole("button", { name: /^Use .* as peak$/ }).waitFor({ timeout: 300_000 });
  await press(page, "Advise a schedule");
  await page.getByRole("button", { name: "Use this schedule" }).waitFor({ timeout: 300_000 });
  await press(page, "Measure now");
  await page.getByText(/^took /).waitFor({ timeout: 300_000 });
  await show(page, "tools", ".tabs");
  await page.context().close();
}

/** A small run, its clone without warmup, and a sweep of the peak rate at two seeds. */
async function takeRuns() {
  const page = await openPage("#layers=1&width=32&block=16&batch=4&steps=150&evalEvery=50&clip=0", { colorScheme: "light", viewport: high });
  await page.getByRole("tab", { name: "Runs" }).click();
  await press(page, "Start");
  await isDone(page, "");
  await press(page, "Clone with warmup off");
  await isDone(page, "no warmup");
  await page.getByText("Sweep one setting").click();
  await page.getByLabel("Seeds").fill("2");
  await press(page, "Start sweep");
  await page.getByText("10 of 10 runs.").waitFor({ timeout: 300_000 });
  await show(page, "runs", ".tabs");
  await page.context().close();
}

/** The preset that is about warmup, and its clone without. */
async function takeComparison() {
  const page = await openPage("#preset=post-ln", { colorScheme: "light", viewport: high });
  await page.getByRole("tab", { name: "Runs" }).click();
  await press(page, "Start");
  await isDone(page, "");
  await press(page, "Clone with warmup off");
  await isDone(page, "no warmup");
  await show(page, "compare", "#charts");
  await page.context().close();
}

async function openPage(hash, options) {
  const page = await (await browser.newContext(options)).newPage();
  await page.goto(url + hash);
  await page.getByText("Ready. Press Start.").waitFor({ timeout: 60_000 });
  return page;
}

function press(page, name) {
  return page.getByRole("button", { name, exact: true }).click();
}

function isDone(page, name) {
  return page.waitForFunction((wanted) => [...document.querySelectorAll(".runs-table tbody tr")].some((line) => line.textContent.includes(wanted) && line.dataset.status === "done"), name, { timeout: 600_000, polling: 200 });
}

/** A part of the page. */
async function show(page, name, selector) {
  await save(page.locator(selector), join(target, `${name}.png`));
  if (!values.looks) return;
  const before = page.viewportSize();
  const theme = page.getByLabel("Theme");
  const look = async (suffix) => save(page.locator(selector), join(values.looks, `${name}-${suffix}.png`));
  await theme.selectOption("dark");
  await look("dark");
  await page.setViewportSize({ ...narrow, height: before.height });
  await look("phone-dark");
  await theme.selectOption("light");
  await look("phone");
  await page.setViewportSize(before);
}

/** A page or a part of one. */
async function save(shown, path) {
  await shown.screenshot({ path, animations: "disabled" });
  console.log(`${path}  ${(statSync(path).size / 1000).toFixed(0)} kB`);
}

/** The tests' browser is written in TypeScript. */
async function testSupport() {
  const outfile = join(root, "node_modules/.cache/kiln/browser.mjs");
  await build({ entryPoints: ["test/support/browser.ts"], outfile, bundle: true, platform: "node", format: "esm", packages: "external", logLevel: "warning" });
  return import(outfile);
}
