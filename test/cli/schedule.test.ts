// kiln schedule: what it prints and writes. No GPU is touched.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describe as describeSchedule, cosine, fromJSON, warmup } from "../../src/schedule/index.js";
import { buildCli, kiln, temporaryFolder } from "./run_kiln.js";

const { folder, remove } = temporaryFolder();
beforeAll(() => buildCli());
afterAll(remove);

const expression = "warmup({ steps: 100, to: 1e-3 }).then(cosine({ steps: 300, to: 1e-4 }))";
const schedule = warmup({ steps: 100, to: 1e-3 }).then(cosine({ steps: 300, to: 1e-4 }));
// An adapter that would fail: a schedule needs none.
const run = (...args: string[]) => kiln(folder, ["schedule", ...args], { KILN_ADAPTER: "none-at-all" });
const read = (name: string) => readFileSync(join(folder, name), "utf8");

describe("kiln schedule", () => {
  it("prints values that read back exactly, a verdict and a plot", () => {
    const { code, stdout, stderr } = run(expression);
    expect(code, stderr).toBe(0);
    const values = [...stdout.matchAll(/^ {2}step +(\d+) {2}(\S+)$/gm)].map(([, step, value]) => [Number(step), Number(value)]);
    expect(values.length).toBeGreaterThan(8);
    for (const [step, value] of values) expect(value).toBe(schedule.at(step!));
    expect(stdout).toContain("peak 0.001 at step 100");
    expect(stdout).toContain("for ever  never falls to 0");
    expect(stdout).toContain('note      the step t = 0 has rate 0');
    expect(stdout).toMatch(/learning rate\n +▲/);
  });

  it("writes SVG, CSV and JSON: the same bytes each time, every value exact", () => {
    const files = (n: number) => ["--svg", `${n}.svg`, "--csv", `${n}.csv`, "--json", `${n}.json`];
    for (const n of [1, 2]) {
      const { code, stdout, stderr } = run(expression, "constant(5e-4)", "--steps", "500", ...files(n));
      expect(code, stderr).toBe(0);
      expect(stdout).toContain(`wrote     ${n}.svg`);
    }
    for (const kind of ["svg", "csv", "json"]) expect(read(`1.${kind}`)).toBe(read(`2.${kind}`));
    const svg = read("1.svg");
    expect(svg).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect(svg).not.toMatch(/<script|class=|onload/);
    expect(svg.match(/<text[^>]*>/g)!.length).toBeGreaterThan(8);
    for (const tag of ["path", "text", "g", "defs"]) {
      const opened = svg.match(new RegExp(`<${tag}[ >]`, "g"))?.length ?? 0;
      expect(svg.match(new RegExp(`</${tag}>`, "g"))?.length ?? 0, tag).toBe(opened);
    }
    const [head, ...rows] = read("1.csv").trim().split("\n");
    expect(head).toBe(`step,"${expression}",constant(5e-4)`);
    expect(rows).toHaveLength(500);
    rows.forEach((row, t) => expect(row.split(",").map(Number)).toEqual([t, schedule.at(t), 5e-4]));
    const [first] = JSON.parse(read("1.json")) as [Record<string, unknown>];
    expect(first).toMatchObject({ expression, ...describeSchedule(schedule, { steps: 500 }) });
    expect(fromJSON(first!.schedule).at(77)).toBe(schedule.at(77));
    expect((first!.values as number[])[333]).toBe(schedule.at(333));
  });

  it("writes to standard output alone with -", () => {
    const { code, stdout } = run("small", "--steps", "3", "--csv", "-");
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(4);
    expect(JSON.parse(run("transformer", "--steps", "3", "--json", "-").stdout)).toHaveLength(1);
  });

  it("--from, --every and --log", () => {
    const { stdout } = run(expression, "--from", "100", "--steps", "21", "--every", "10", "--log");
    expect([...stdout.matchAll(/^ {2}step +(\d+)/gm)].map(([, step]) => Number(step))).toEqual([100, 110, 120]);
  });

  it.each<[string[], number, string]>([
    [["inverseSqrt({ from: 1, timescale: 10 })"], 1, "--steps: needed where a schedule never ends"],
    [["hourglass"], 1, 'schedule: unknown preset, got "hourglass"; use small,'],
    [["warmpu(1)"], 1, "did you mean warmup?"],
    [["cosine({ steps: 3 })"], 1, "from is open"],
    [["1e-3", "--steps", "0"], 1, '--steps: needs a whole number at least 1 and at most 10000000, got "0"'],
    [["cosine"], 1, "call it: cosine(...)"],
    [["1e-3", "--steps", "3", "--csv", "-", "--json", "-"], 1, "--json: standard output is taken, got - for --csv too"],
    [["1e-3", "--steps", "3", "--csv", "-", "--svg", "-"], 1, "--csv: standard output is taken, got - for --svg too"],
    [["1e-3", "2e-3", "--steps", "1e7"], 1, "--steps: at most 10000000 values in all, got 10000000 of each of 2 schedules"],
    [["1e-3", "--steps", "3", "--csv", ""], 1, "write: needs the name of a file, got an empty one"],
    [[], 2, "missing required argument"],
    [["1e-3", "--colour"], 2, "unknown option"],
  ])("%j: exit %i", (args, want, message) => {
    const { code, stdout, stderr } = run(...args);
    expect([code, stdout]).toEqual([want, ""]);
    expect(stderr).toContain(message);
    expect(existsSync(join(folder, "x.svg"))).toBe(false);
  });
});
