// A sweep that is interrupted goes on, and concludes as one that was not.
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FileStore } from "../../../src/cli/lab/file_store.js";
import type { Device } from "../../../src/gpu/device.js";
import { experiment, keyOf, MemoryStore, outcomeCsv, outcomeJson, runExperiment, type CellStore } from "../../../src/lab/index.js";

const folder = mkdtempSync(join(tmpdir(), "kiln-lab-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Needs no device. `measured` collects the cells that it measures. */
function doubling(measured: number[] = []) {
  return experiment({
    ...{ name: "doubling", group: 1, title: "Doubling", claim: "2 x > x", source: "arithmetic", prediction: "it holds", revision: 1 },
    criteria: [{ id: "ratio", statement: "double over single", confirmed: { atLeast: 2 }, contradicted: { atMost: 1 } }],
    cells: () => [1, 2, 3, 4].map((x) => ({ x, kind: "a, \"b\"" })),
    measure: async ({ x }, { signal, shared }) => {
      signal.throwIfAborted();
      measured.push(x);
      const factor = shared("factor", () => 2);
      return { y: x === 3 ? NaN : factor * x, curve: [x, x === 3 ? Infinity : 2 * x] };
    },
    conclude: (rows) => ({
      values: { ratio: rows.filter(({ result }) => !Number.isNaN(result.y)).map(({ cell, result }) => (result.y as number) / (cell.x as number)) },
      ...{ summary: "seen", advice: "double", charts: [], tables: [] },
    }),
  });
}

const run = (one: ReturnType<typeof doubling>, store: CellStore, signal?: AbortSignal) => runExperiment(one, { device: null as unknown as Device, size: "small", store, ...(signal && { signal }) });

describe("a sweep", () => {
  it("measures every cell once, and judges what they give", async () => {
    const cells: number[] = [];
    const outcome = await run(doubling(cells), new MemoryStore());
    expect(cells).toEqual([1, 2, 3, 4]);
    expect(outcome).toMatchObject({ verdict: "confirmed", criteria: [{ id: "ratio", median: 2, values: [2, 2, 2] }] });
    expect(outcome.measured[2]!.result).toEqual({ y: NaN, curve: [3, NaN] });
  });

  it("goes on after an interruption, from a file too, with the same outcome", async () => {
    const path = join(folder, "cells.jsonl");
    const whole = await run(doubling(), new MemoryStore());
    const [first, second] = [[], []] as [number[], number[]];
    const controller = new AbortController();
    const store = new FileStore(path, "id");
    const stopping: CellStore = { read: () => store.read(), add: (key, cell) => (first.length === 2 && controller.abort(new Error("interrupted")), store.add(key, cell)) };
    await expect(run(doubling(first), stopping, controller.signal)).rejects.toThrow("interrupted");
    const resumed = await run(doubling(second), new FileStore(path, "id"));
    expect([first, second]).toEqual([[1, 2], [3, 4]]);
    expect({ ...resumed, experiment: 0, seconds: 0 }).toEqual({ ...whole, experiment: 0, seconds: 0 });
    expect(resumed.seconds).toBeGreaterThan(0);
  });

  it("measures a cell again whose line a crash cut off, and keeps those before it", async () => {
    const path = join(folder, "cut.jsonl");
    await run(doubling(), new FileStore(path, "id"));
    truncateSync(path, readFileSync(path).length - 9);
    const cells: number[] = [];
    await run(doubling(cells), new FileStore(path, "id"));
    expect(cells).toEqual([4]);
    const again: number[] = [];
    await run(doubling(again), new FileStore(path, "id"));
    expect(again).toEqual([]);
  });

  it("begins again for another version or adapter, and says so; and when it is asked to", async () => {
    const path = join(folder, "old.jsonl");
    await run(doubling(), new FileStore(path, "id 1"));
    const other = new FileStore(path, "id 2");
    expect(other.restarted).toContain(path);
    expect(await other.read()).toEqual(new Map());
    await run(doubling(), new FileStore(path, "id 2"));
    const fresh = new FileStore(path, "id 2", { fresh: true });
    expect(fresh.restarted).toBeNull();
    expect(await fresh.read()).toEqual(new Map());
  });

  it("leaves out what is no result", async () => {
    const path = join(folder, "strange.jsonl");
    writeFileSync(path, `id\nnull\n[]\n{"key":1}\n{"key":"a","result":null,"seconds":1}\n${JSON.stringify({ key: keyOf({ x: 1, kind: "a" }), result: { y: 2 }, seconds: 1 })}\n`);
    expect([...(await new FileStore(path, "id").read()).keys()]).toEqual([keyOf({ kind: "a", x: 1 })]);
  });

  it("refuses values that no criterion judges", async () => {
    const one = doubling();
    const wrong = { ...one, conclude: () => ({ values: { other: [1] }, summary: "", advice: "", charts: [], tables: [] }) };
    await expect(run(wrong, new MemoryStore())).rejects.toThrow("doubling: values without a criterion, got other");
  });
});

it("writes JSON and CSV", async () => {
  const outcome = await run(doubling(), new MemoryStore());
  expect(JSON.parse(outcomeJson(outcome))).toMatchObject({ name: "doubling", verdict: "confirmed", measured: [{ cell: { x: 1 } }, {}, { result: { y: null } }, {}] });
  expect(outcomeCsv(outcome).split("\n").slice(0, 4)).toEqual(["x,kind,y,curve", '1,"a, ""b""",2,1 2', '2,"a, ""b""",4,2 4', '3,"a, ""b""",,3 NaN']);
});
