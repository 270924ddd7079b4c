// The examples run as they stand, against the built package, and do what they say.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, openPage } from "../support/browser.js";
import { runNode } from "../support/child.js";
import { sharedFile } from "../support/shared_data.js";

beforeAll(() => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/build.mjs", "--quiet"], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
});

async function example(name: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runNode([`examples/${name}`, ...args], { KILN_ADAPTER: "swiftshader" }, 120_000);
  expect(code, stderr).toBe(0);
  return stdout;
}

const numbersOf = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => Number(match[1]));
/** The last word of lines that begin with a step. */
const lossesOf = (text: string) => numbersOf(text, /^\d+ .*?(\S+)$/gm);

describe("examples", () => {
  const files = readdirSync("examples", { recursive: true, encoding: "utf8" }).filter((name) => /\.(m?js)$/.test(name));

  it("are all tested here", () => {
    const own = readFileSync("test/cli/examples.test.ts", "utf8");
    const helpers = ["drawn_digits.mjs", "page/main.js"];
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((name) => !helpers.includes(name) && !own.includes(`"${name}"`))).toEqual([]);
  });

  it("use nothing but the package's front doors", () => {
    for (const name of files) {
      const imports = [...readFileSync(`examples/${name}`, "utf8").matchAll(/\bfrom "([^"]+)"/g)].map((match) => match[1]!);
      expect(imports.filter((from) => !/^(kiln-gpu(\/\w+)?|node:\w+(\/\w+)?|\.\/drawn_digits\.mjs)$/.test(from)), name).toEqual([]);
    }
  });

  it("are in the README", () => {
    const readme = readFileSync("examples/README.md", "utf8");
    for (const name of files.filter((name) => !name.startsWith("page/main") && name !== "drawn_digits.mjs")) expect(readme).toContain(`node examples/${name}`);
  });

  it("quickstart trains, writes, and ends by itself", async () => {
    const losses = lossesOf(await example("quickstart.mjs", "41"));
    expect(losses).toHaveLength(3);
    expect(losses[2]!).toBeLessThan(losses[0]! - 0.5);
  });

  it("custom_op has the right gradient, and trains", async () => {
    const text = await example("custom_op.mjs", "101");
    const [gradient, differences] = /^gradient (.*) differences (.*)$/m.exec(text)!.slice(1).map((words) => words.split(" ").map(Number));
    expect(gradient).toEqual([0, 0, 1, 2, 6]);
    expect(differences).toEqual(gradient);
    const losses = lossesOf(text);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 100);
  });

  it("custom_optimizer trains", async () => {
    const losses = lossesOf(await example("custom_optimizer.mjs", "61"));
    expect(losses.at(-1)!).toBeLessThan(losses[0]! - 0.8);
  });

  it("fine_tune starts from what it has loaded, and learns the other text", async () => {
    const [untrained, trained, loaded, tuned] = numbersOf(await example("fine_tune.mjs", "60"), /validation loss after \d+ steps: (\S+)$/gm);
    expect(trained!).toBeLessThan(untrained! - 0.8);
    expect(loaded!, "the other text is new to it").toBeGreaterThan(trained! + 0.5);
    expect(tuned!).toBeLessThan(loaded! - 1);
  });

  it("digits recognises drawn digits", async () => {
    const right = numbersOf(await example("digits.mjs", "6"), /unseen digits (\S+) %/g);
    expect(right).toHaveLength(6);
    expect(right[5]!).toBeGreaterThan(80);
  });

  it.skipIf(sharedFile("digits.csv") === null)("digits recognises handwritten digits", async () => {
    const right = numbersOf(await example("digits.mjs", "6", sharedFile("digits.csv")!), /unseen digits (\S+) %/g);
    expect(right.at(-1)!).toBeGreaterThan(92);
  });

  describe("in a page", () => {
    let server: ChildProcess;
    afterAll(() => void server?.kill());

    it("trains and writes", async () => {
      server = spawn(process.execPath, ["examples/page/serve.mjs", "0"]); // "page/serve.mjs"
      const address = await new Promise<string>((told) => server.stdout!.once("data", (line) => told(String(line).trim())));
      const browser = await launchBrowser();
      try {
        const { page, complaints } = await openPage(browser, `${address}?steps=41`);
        await expect.poll(() => page.textContent("#log"), { timeout: 120_000 }).toMatch(/^She .{20,}/m);
        const losses = lossesOf((await page.textContent("#log"))!);
        expect(losses).toHaveLength(3);
        expect(losses[2]!).toBeLessThan(losses[0]! - 0.5);
        expect(complaints).toEqual([]);
      } finally {
        await browser.close();
      }
    });
  });
});
