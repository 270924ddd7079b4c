// Does the advice help? Asks `kiln advise` about a job, then trains that job as advised, at four times the rate, each with and
// without the warmup, and as the preset has it, with several seeds. Prints the final validation losses and one line of JSON.
//
//   npm run build && node bench/advise.mjs [--preset small] [--seeds 3] [any other flag of kiln train]
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const commit = spawnSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).stdout.trim();
const args = process.argv.slice(2);
const seeds = Array.from({ length: Number(take("--seeds") ?? 3) }, (_, i) => i + 1);
const scratch = mkdtempSync(join(tmpdir(), "kiln-advise-"));
const started = performance.now();

const advisedTo = join(scratch, "advice.json");
const { stdout } = kiln(["advise", ...args, "--json", advisedTo]);
const adapter = /adapter +(.*)/.exec(stdout)[1];
const advice = JSON.parse(readFileSync(advisedTo, "utf8"));
const { peakLr, finalLr, warmupSteps } = advice;
console.log(`${adapter}\nadvised: peak ${peakLr}, warmup ${warmupSteps}`);

const jobs = {
  advised: ["--lr", peakLr, "--min-lr", finalLr, "--warmup", warmupSteps],
  advisedWithoutWarmup: ["--lr", peakLr, "--min-lr", finalLr, "--warmup", 0],
  fourTimes: ["--lr", 4 * peakLr, "--min-lr", 4 * finalLr, "--warmup", warmupSteps],
  fourTimesWithoutWarmup: ["--lr", 4 * peakLr, "--min-lr", 4 * finalLr, "--warmup", 0],
  preset: [],
};
const losses = Object.fromEntries(Object.keys(jobs).map((name) => [name, []]));
for (const seed of seeds) {
  for (const [name, flags] of Object.entries(jobs)) {
    const out = join(scratch, `${name}-${seed}`);
    kiln(["train", ...args, ...flags.map(String), "--seed", String(seed), "--eval-batches", "40", "--eval-every", "100000", "--checkpoint-every", "0", "--sample", "0", "--out", out]);
    const rows = readFileSync(join(out, "metrics.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line));
    losses[name].push(rows.findLast((row) => row.validationLoss !== undefined).validationLoss);
    console.log(`seed ${seed}  ${name.padEnd(24)} ${losses[name].at(-1).toFixed(4)}`);
  }
}
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const medians = Object.fromEntries(Object.entries(losses).map(([name, values]) => [name, median(values)]));
for (const [name, value] of Object.entries(medians)) console.log(`median  ${name.padEnd(24)} ${value.toFixed(4)}`);
console.log(JSON.stringify({ bench: "advise", adapter, commit, args, seeds, peakLr, warmupSteps, initialLr: advice.initialLr, finalLr, losses, medians, seconds: Math.round((performance.now() - started) / 1000) }));
rmSync(scratch, { recursive: true });

function kiln(flags) {
  const result = spawnSync(process.execPath, [cli, ...flags], { encoding: "utf8" });
  if (result.status !== 0) throw new Error(`kiln ${flags.join(" ")}: ${result.stderr}`);
  return result;
}

/** Removes a flag of this script from the arguments, and gives its value. */
function take(flag) {
  const at = args.indexOf(flag);
  return at < 0 ? undefined : args.splice(at, 2)[1];
}
