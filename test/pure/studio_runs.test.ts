import { describe, expect, it } from "vitest";
import { presets } from "../../src/recipe/presets.js";
import { parseSchedule } from "../../src/recipe/schedule_expression.js";
import { scheduleOf } from "../../src/recipe/schedule_of.js";
import type { TrainSettings } from "../../src/recipe/settings.js";
import { settingsAtRate, settingsWithoutWarmup } from "../../src/studio/compare/clone_settings.js";
import { differingSettings, filtered, nameColumn, resultColumns, settingColumn, shownResults, sorted, type RunRow } from "../../src/studio/compare/columns.js";
import { fileNameOf, metricsCsv, runsJson, settingsCsv } from "../../src/studio/compare/run_files.js";
import { summaryOf } from "../../src/studio/compare/summary.js";
import type { RunRecord, StepRow } from "../../src/studio/protocol.js";
import { MetricsLog } from "../../src/studio/state/metrics_log.js";

const small: TrainSettings = presets.small;

function record(id: string, changes: Partial<TrainSettings> = {}, more: Partial<RunRecord> = {}): RunRecord {
  return {
    id, name: `run ${id}`, created: 0, settings: { ...small, ...changes }, text: null, status: "done", message: null, step: 10, parameters: 5, adapter: "SwiftShader",
    loss: 2, bestValidationLoss: null, exactMatch: null, trainedSeconds: 1, savedStep: null, changes: [], clonedFrom: null, ...more,
  };
}

const step = (n: number, more: Partial<StepRow> = {}): StepRow => ({ step: n, loss: 5 - n, lr: 0.01, gradNorm: 1, clipped: false, skipped: false, lossScale: 1, tokensPerSecond: 100, seconds: n / 10, ...more });
const row = (made: RunRecord, log = new MetricsLog()): RunRow => ({ record: made, summary: summaryOf(log) });

describe("settings in which runs differ", () => {
  it("are found in the order of the settings, whatever the runs' order", () => {
    const runs = [record("a"), record("b", { lr: 1e-3, seed: 7 }), record("c", { betas: [0.9, 0.95] })];
    expect(differingSettings(runs)).toEqual(["lr", "betas", "seed"]);
    expect(differingSettings([...runs].reverse())).toEqual(["lr", "betas", "seed"]);
  });

  it("are none of one run, nor of runs that are alike", () => {
    expect(differingSettings([record("a")])).toEqual([]);
    expect(differingSettings([record("a"), record("b", { betas: [0.9, 0.99] })])).toEqual([]);
  });

  it("tell apart two texts of one name", () => {
    const named = (text: string) => record("a", { data: "notes.txt" }, { text });
    expect(differingSettings([named("f1"), named("f2")])).toEqual(["data"]);
    expect(differingSettings([named("f1"), named("f1")])).toEqual([]);
  });
});

describe("rows", () => {
  const rows = [row(record("a", { lr: 0.01 }, { bestValidationLoss: 2.5 })), row(record("b", { lr: 0.002 })), row(record("c", { lr: 0.1 }, { bestValidationLoss: 1.5 })), row(record("d", { lr: 0.01 }, { bestValidationLoss: NaN }))];
  const ids = (list: readonly RunRow[]) => list.map((one) => one.record.id).join("");

  it("sort by numbers as numbers; what is not known stands last both ways, and equal rows keep their order", () => {
    expect(ids(sorted(rows, settingColumn("lr"), false))).toBe("badc");
    expect(ids(sorted(rows, settingColumn("lr"), true))).toBe("cadb");
    const best = resultColumns.find(({ id }) => id === "best")!;
    expect(ids(sorted(rows, best, false))).toBe("cabd");
    expect(ids(sorted(rows, best, true))).toBe("acbd");
  });

  it("sort names with numbers in them as people do", () => {
    const named = ["lr 16", "lr 2", "Lr 8"].map((name) => row(record(name, {}, { name })));
    expect(sorted(named, nameColumn, false).map(({ record: { name } }) => name)).toEqual(["lr 2", "Lr 8", "lr 16"]);
  });

  it("are filtered by all words, in names, states and settings", () => {
    expect(ids(filtered(rows, ""))).toBe("abcd");
    expect(ids(filtered(rows, "lr=0.01"))).toBe("ad");
    expect(ids(filtered(rows, "DONE lr=0.0"))).toBe("abd");
    expect(ids(filtered(rows, "lion"))).toBe("");
  });

  it("have exact match only where a run has it", () => {
    expect(shownResults(rows)[0].map(({ id }) => id)).toEqual(["step", "best"]);
    expect(shownResults([...rows, row(record("t", {}, { exactMatch: 0.25 }))])[0].map(({ id }) => id)).toEqual(["step", "best", "exact"]);
  });
});

describe("the summary of a run", () => {
  it("counts as rows come, and again where they go", () => {
    const log = new MetricsLog();
    expect(summaryOf(log)).toEqual({ tokensPerSecond: null, clipped: null, skipped: null, finalValidation: null });
    log.append({ steps: [step(1, { clipped: true, tokensPerSecond: 0 }), step(2, { skipped: true })], validations: [{ step: 2, validationLoss: 3, trainLoss: 1, bestValidationLoss: 3, seconds: 1, exactMatch: null }], sharpness: [] });
    expect(summaryOf(log)).toEqual({ tokensPerSecond: 100, clipped: 1, skipped: 1, finalValidation: 3 });
    log.append({ steps: [step(3, { clipped: true, tokensPerSecond: 200 })], validations: [], sharpness: [] });
    expect(summaryOf(log)).toMatchObject({ tokensPerSecond: 150, clipped: 2 });
    log.rewind(1);
    expect(summaryOf(log)).toEqual({ tokensPerSecond: null, clipped: 1, skipped: 0, finalValidation: null });
  });

  it("rests on rows that are there once, however often they are told", () => {
    const log = new MetricsLog();
    log.append({ steps: [step(1), step(2)], validations: [], sharpness: [] });
    log.append({ steps: [step(2), step(3)], validations: [], sharpness: [] });
    expect(log.steps.map((one) => one.step)).toEqual([1, 2, 3]);
  });
});

describe("clones", () => {
  it("lose their warmup and nothing else", () => {
    expect(settingsWithoutWarmup(small)).toEqual({ ...small, warmup: 0 });
    expect(settingsWithoutWarmup({ ...small, warmup: 0 })).toBeNull();
  });

  it("lose the warmup of an expression, and of the vectors' own", () => {
    const schedule = "warmup({ steps: 60, to: 0.01 }).then(cosine({ steps: 540, to: 0.001 }))";
    const flat = settingsWithoutWarmup({ ...small, schedule, vectorSchedule: "warmup({ steps: 10, to: 0.02 })" })!;
    expect(flat).toMatchObject({ warmup: small.warmup, lr: small.lr, seed: small.seed });
    const [before, after] = [parseSchedule(schedule), scheduleOf(flat)];
    expect(Array.from({ length: 600 }, (_, t) => after.at(t))).toEqual(Array.from({ length: 600 }, (_, t) => before.at(Math.max(60, t))));
    expect(parseSchedule(flat.vectorSchedule).at(0)).toBe(0.02);
  });

  it("keep a constant rate as it is", () => expect(settingsWithoutWarmup({ ...small, schedule: "0.01" })).toBeNull());

  it("scale the whole rate", () => {
    for (const settings of [small, { ...small, schedule: "warmup({ steps: 9, to: 0.01 }).then(0.002)" }]) {
      const [before, after] = [scheduleOf(settings), scheduleOf(settingsAtRate(settings, 0.25))];
      for (const t of [0, 5, 60, 599]) expect(after.at(t) / before.at(t) || 0.25).toBeCloseTo(0.25, 12);
    }
  });
});

describe("files of runs", () => {
  const log = new MetricsLog();
  log.append({
    steps: [step(1), step(2, { gradNorm: NaN, skipped: true })],
    validations: [{ step: 2, validationLoss: 3.25, trainLoss: 4, bestValidationLoss: 3.25, seconds: 0.2, exactMatch: 0.5 }],
    sharpness: [{ step: 2, sharpness: 40, threshold: 0.05 }],
  });
  const runs = [{ record: record("a", { schedule: 'piecewise([[0, 1], [9, 0]], { interpolation: "step" })' }, { name: '=SUM(1), "best"' }), metrics: log }];
  /** Fields of a line of CSV, as a spreadsheet reads them. */
  const fields = (line: string) => [...`${line},`.matchAll(/("(?:[^"]|"")*"|[^,]*),/g)].map(([, field]) => (field!.startsWith('"') ? field!.slice(1, -1).replace(/""/g, '"') : field!));

  it("hold every number on a line of its own", () => {
    const lines = metricsCsv(runs).trimEnd().split("\r\n");
    expect(lines[0]).toBe("run,name,step,seconds,metric,value");
    expect(lines).toHaveLength(1 + 2 * 7 + 2 + 2);
    const value = (at: number, metric: string) => fields(lines.find((line) => fields(line)[2] === String(at) && fields(line)[4] === metric)!)[5];
    expect([value(1, "loss"), value(2, "skipped"), value(2, "gradNorm"), value(2, "validationLoss"), value(2, "exactMatch"), value(2, "sharpness")]).toEqual(["4", "1", "NaN", "3.25", "0.5", "40"]);
  });

  it("quote commas and quotes, and give no formulas to spreadsheets", () => {
    const lines = settingsCsv(runs).trimEnd().split("\r\n");
    const [head, line] = lines.map(fields);
    expect(line).toHaveLength(head!.length);
    const of = (name: string) => line![head!.indexOf(name)];
    expect(of("name")).toBe(`'=SUM(1), "best"`);
    expect(of("schedule")).toBe(runs[0]!.record.settings.schedule);
    expect([of("lr"), of("skippedSteps"), of("status")]).toEqual(["0.008", "1", "done"]);
  });

  it("come back from JSON", () => {
    const parsed = JSON.parse(runsJson(runs)) as { runs: { settings: TrainSettings; metrics: { steps: StepRow[]; sharpness: unknown[] } }[] };
    expect(parsed.runs[0]!.settings).toEqual(runs[0]!.record.settings);
    expect(parsed.runs[0]!.metrics.steps[0]).toEqual(step(1));
    expect(parsed.runs[0]!.metrics.steps[1]!.gradNorm).toBeNull();
  });

  it("have names that every file system takes", () => {
    expect(fileNameOf("Peak rate 0.004, seed 3", "-step120.safetensors")).toBe("Peak-rate-0.004-seed-3-step120.safetensors");
    expect(fileNameOf("../../etc/passwd", ".csv")).toBe("etc-passwd.csv");
    expect(fileNameOf("übung", ".csv")).toBe("u-bung.csv");
    expect(fileNameOf("日本", ".csv")).toBe("run.csv");
  });
});
