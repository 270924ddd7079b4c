// kiln train goes on by itself after its device is lost: the same files as without.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { planNewRun } from "../../src/cli/train_plan.js";
import { trainRun } from "../../src/cli/train_run.js";
import { settingsOf } from "../../src/recipe/settings.js";
import { decodeCheckpoint } from "../../src/train/index.js";
import { fault } from "../support/fault.js";
import { openLosableDevice } from "../support/losable_device.js";
import { buildCli, kiln, startKiln, temporaryFolder } from "./run_kiln.js";

const { folder, remove } = temporaryFolder();
afterAll(remove);
beforeAll(() => writeFileSync(join(folder, "text.txt"), "It was the best of times, it was the worst of times.\n".repeat(60)));

/** Trains in a folder of its own; the device is lost before these batches are drawn. Gives what is in the run's files. */
async function trained(name: string, crashes: number[]) {
  const settings = settingsOf("small", {
    data: join(folder, "text.txt"), layers: 1, heads: 2, width: 16, block: 16, batch: 4, dropout: 0.1, steps: 20, warmup: 5, lr: 0.01, evalEvery: 8, evalBatches: 2, checkpointEvery: 5, sample: 0,
  });
  const plan = await planNewRun(settings);
  const [checkpointPath, metricsPath] = [join(folder, `${name}.safetensors`), join(folder, `${name}.jsonl`)];
  let crash = () => {};
  let opened = 0;
  let drawn = 0;
  const next = plan.data.next.bind(plan.data);
  plan.data.next = () => {
    if (crashes.includes(++drawn)) crash();
    return next();
  };
  const code = await trainRun(plan, { checkpointPath, metricsPath, adapter: undefined, profile: undefined, detectAnomaly: false }, async () => {
    const losable = await openLosableDevice();
    opened++;
    crash = losable.crash;
    return losable.device;
  });
  const rows = readFileSync(metricsPath, "utf8").trim().split("\n").map((line) => ({ ...(JSON.parse(line) as object), tokensPerSecond: 0 }));
  return { code, opened, rows, checkpoint: readFileSync(checkpointPath).toString("base64") };
}

fault(4, "Node", "kiln train: metrics and checkpoint are those of a run that nothing happened to", async (count) => {
  const whole = await trained("whole", []);
  expect(whole).toMatchObject({ code: 0, opened: 1 });
  // The second loss comes in the steps that are made again.
  const lossy = await trained("lossy", [13, 17]);
  expect(lossy.opened).toBe(3);
  expect(lossy.rows).toEqual(whole.rows);
  expect(lossy.checkpoint).toBe(whole.checkpoint);
  count(2, "devices lost");
  count(20, "steps survived");
}, 400_000);

fault(32, "fresh process", "a run that is stopped goes on in another process, and ends with the same bytes", async (count) => {
  buildCli();
  const flags = ["--data", "text.txt", "--layers", "1", "--heads", "2", "--width", "16", "--block", "16", "--batch", "4", "--dropout", "0.1", "--steps", "60", "--warmup", "5", "--lr", "0.01", "--eval-every", "0", "--sample", "0"];
  expect(kiln(folder, ["train", ...flags, "--out", "at-once"]).code).toBe(0);
  const { child, until, outcome } = startKiln(folder, ["train", ...flags, "--out", "in-two"]);
  await until(/step +\d+\/60 {3}loss/);
  child.kill("SIGINT");
  expect((await outcome).code).toBe(130);
  const [whole, stopped] = ["at-once", "in-two"].map((run) => join(folder, run, "checkpoint.safetensors")) as [string, string];
  const { step } = decodeCheckpoint(readFileSync(stopped)).state;
  expect(step).toBeGreaterThan(0);
  expect(step).toBeLessThan(60);
  const resumed = kiln(folder, ["train", "--resume", stopped]);
  expect(resumed.code, resumed.stderr).toBe(0);
  expect(readFileSync(stopped).equals(readFileSync(whole))).toBe(true);
  count(60 - step, "steps resumed");
}, 240_000);
