// What the studio keeps, in a real browser: through reloads, crashes in the middle of a save, full storage and several tabs.
import type { Server } from "node:http";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fault } from "../support/fault.js";
import { launchBrowser, servePage } from "../support/browser.js";
import type { StorageTests } from "./studio_storage_page.js";

let browser: Browser;
let served: { url: string; server: Server };

beforeAll(async () => {
  [served, browser] = await Promise.all([servePage("test/browser/studio_storage_page.ts"), launchBrowser([])]);
});

afterAll(async () => {
  await browser?.close();
  served?.server.close();
});

type Result<Name extends keyof StorageTests> = Awaited<ReturnType<StorageTests[Name]>>;

class Tab {
  private constructor(readonly page: Page) {}

  static async open(context: BrowserContext, kind?: "opfs" | "indexeddb"): Promise<Tab> {
    const tab = new Tab(await context.newPage());
    await tab.page.goto(served.url);
    if (kind) await tab.call("open", kind);
    return tab;
  }

  call<Name extends keyof StorageTests>(name: Name, ...args: Parameters<StorageTests[Name]>): Promise<Result<Name>> {
    const run = ([test, values]: readonly [string, unknown[]]) => (globalThis as unknown as { storage: Record<string, (...given: unknown[]) => unknown> }).storage[test]!(...values);
    return this.page.evaluate(run, [name, args as unknown[]] as const) as Promise<Result<Name>>;
  }

  /** The renderer's process ends at once, as after a fault of its own. */
  async crash(): Promise<void> {
    const crashed = new Promise((done) => this.page.once("crash", done));
    const session = await this.page.context().newCDPSession(this.page);
    void session.send("Page.crash").catch(() => {});
    await crashed;
    await this.page.close();
  }
}

/** A profile of its own. */
async function inNewProfile<T>(use: (context: BrowserContext) => Promise<T>): Promise<T> {
  const context = await browser.newContext();
  try {
    return await use(context);
  } finally {
    await context.close();
  }
}

for (const kind of ["opfs", "indexeddb"] as const) {
  describe(kind, () => {
    it("keeps records, rows, checkpoints and texts over a reload, and removes them", () =>
      inNewProfile(async (context) => {
        const tab = await Tab.open(context, kind);
        const text = "Call me Ishmael. ÄÖ✓";
        const { text: fingerprint } = await tab.call("create", "a", { created: 5, name: "first" }, text);
        await tab.call("create", "b", { created: 3, status: "done", loss: 1.25, changes: [{ step: 4, change: { clip: 2 } }] }, text);
        await tab.call("append", "a", 1, 60);
        for (const step of [10, 20, 30]) expect(await tab.call("save", "a", step, 1000)).toBeNull();
        await tab.page.reload();
        await tab.call("open", kind);

        const { records, damaged } = await tab.call("list");
        expect(damaged).toEqual([]);
        expect(records.map(({ id, name, text }) => [id, name, text])).toEqual([["b", "run b", fingerprint], ["a", "first", fingerprint]]);
        expect(records[0]).toMatchObject({ status: "done", loss: 1.25, changes: [{ step: 4, change: { clip: 2 } }] });
        expect(await tab.call("rows", "a", 60)).toMatchObject({ isExact: true, damaged: [] });
        expect(await tab.call("saved", "a")).toEqual({ step: 30, says: 30, damaged: [] });
        expect((await tab.call("paths")).filter((path) => path.includes("checkpoint"))).toHaveLength(2);
        expect(await tab.call("saved", "b")).toBeNull();
        expect(await tab.call("text", fingerprint!)).toBe(text);
        expect(await tab.call("use")).toMatchObject({ kind, used: expect.any(Number) as number, persistent: expect.any(Boolean) as boolean });

        await tab.call("remove", "a");
        expect(await tab.call("text", fingerprint!)).toBe(text);
        await tab.call("remove", "b");
        expect(await tab.call("text", fingerprint!)).toMatch(/^StorageError: storage: the text of the run is gone/);
        expect(await tab.call("paths")).toEqual([]);
      }));

    it("adds rows without rewriting what is there, and forgets those after a step", () =>
      inNewProfile(async (context) => {
        const tab = await Tab.open(context, kind);
        await tab.call("create", "a", {}, null);
        for (let from = 1; from <= 2000; from += 100) await tab.call("append", "a", from, from + 99);
        const files = (await tab.call("paths")).filter((path) => path.includes("metrics"));
        expect(files.length).toBeGreaterThan(3);
        expect(await tab.call("rows", "a", 2000)).toMatchObject({ isExact: true });
        await tab.call("rewind", "a", 730);
        expect(await tab.call("rows", "a", 730)).toMatchObject({ isExact: true });
        await tab.call("append", "a", 731, 800);
        expect(await tab.call("rows", "a", 800)).toMatchObject({ isExact: true });
        await tab.call("rewind", "a", 0);
        expect((await tab.call("rows", "a", 0)).steps).toEqual([]);
      }));

    it("keeps the newest samples, the later one of each step, forgets those after a step, and names what cannot be read", () =>
      inNewProfile(async (context) => {
        const tab = await Tab.open(context, kind);
        await tab.call("create", "a", {}, null);
        for (let step = 10; step <= 250; step += 10) await tab.call("writeSample", "a", step);
        await tab.call("writeSample", "a", 250, 251);
        await tab.page.reload();
        await tab.call("open", kind);
        const newest = Array.from({ length: 20 }, (_, i) => [250 - 10 * i, i === 0 ? "at 251" : `at ${250 - 10 * i}`]);
        expect(await tab.call("samples", "a")).toEqual({ said: newest, first: [{ text: "at 251", given: false, probability: 0.5, alternatives: [{ text: "…", probability: 0.25 }] }], damaged: [] });
        await tab.call("rewind", "a", 100);
        expect((await tab.call("samples", "a")).said).toEqual(newest.slice(15));
        const [cut, other] = (await tab.call("paths")).filter((path) => path.includes("samples"));
        await tab.call("cut", cut!, 0.5);
        await tab.call("spoil", other!, '{"step":70,"tokens":[{"text":"x","given":false,"probability":0.5}]}');
        const { said, damaged } = await tab.call("samples", "a");
        expect(said).toEqual(newest.slice(15, 18));
        expect(damaged.map(({ name }) => name).sort()).toEqual([cut, other]);
        await tab.call("remove", "a");
        expect(await tab.call("paths")).toEqual([]);
      }));

    fault(33, "Chromium", `${kind}: damaged files are named and skipped, and the page goes on`, () =>
      inNewProfile(async (context) => {
        const tab = await Tab.open(context, kind);
        const spoilt: [string, string, RegExp][] = [
          ["cut", '{"format":1,"rec', /cut off or overwritten/],
          ["future", '{"format":99,"record":{}}', /format 99, this studio reads up to format 1/],
          ["other", '{"format":1,"record":[]}', /"id" cannot be missing/],
          ["proto", '{"format":1,"record":{"__proto__":{"id":"proto"}}}', /"id" cannot be missing/],
        ];
        await tab.call("create", "good", {}, null);
        for (const [id, text] of spoilt) {
          await tab.call("create", id, {}, null);
          await tab.call("spoil", `runs/${id}/record.json`, text);
        }
        await tab.call("spoil", "runs/orphan/checkpoint/1.safetensors", "x");
        const { records, damaged } = await tab.call("list");
        expect(records.map(({ id }) => id)).toEqual(["good"]);
        for (const [id, , reason] of spoilt) expect(damaged.find(({ name }) => name === `runs/${id}/record.json`)?.reason).toMatch(reason);
        expect(damaged).toHaveLength(spoilt.length);

        await tab.call("append", "good", 1, 5);
        await tab.call("cut", "runs/good/metrics/000001.jsonl", 0.9);
        const rows = await tab.call("rows", "good", 5);
        expect(rows.steps).toEqual([1, 2, 3, 4]);
        expect(rows.damaged).toMatchObject([{ name: "runs/good/metrics/000001.jsonl", reason: expect.stringContaining("1 row cannot be read") as string }]);

        await tab.call("save", "good", 1, 100);
        await tab.call("save", "good", 2, 100);
        const newest = (await tab.call("paths")).filter((path) => path.includes("good/checkpoint"));
        await tab.call("cut", newest[1]!, 0.7);
        expect(await tab.call("saved", "good")).toEqual({ step: 1, says: 1, damaged: [newest[1]] });
        await tab.call("cut", newest[0]!, 0.2);
        expect(await tab.call("saved", "good")).toMatch(/^StorageError: storage: no checkpoint of the run can be read, got .*000000002/);
      }));

    fault(28, "Chromium", `${kind}: a page that crashes in the middle of a save leaves the old checkpoint or the new one`, (count) =>
      inNewProfile(async (context) => {
        const crashes = 8;
        const first = await Tab.open(context, kind);
        await first.call("create", "a", {}, null);
        expect(await first.call("save", "a", 1, 500_000)).toBeNull();
        await first.page.close();
        let before = 1;
        for (let i = 0; i < crashes; i++) {
          const tab = await Tab.open(context, kind);
          void tab.call("saveForEver", "a", before + 1, 500_000).catch(() => {});
          await new Promise((resolve) => setTimeout(resolve, 60 + 97 * i));
          await tab.crash();
          const reader = await Tab.open(context, kind);
          const saved = await reader.call("saved", "a");
          expect(saved).toMatchObject({ damaged: [] });
          const { step, says } = saved as { step: number; says: number };
          expect(says).toBe(step);
          expect(step).toBeGreaterThanOrEqual(before);
          before = step;
          await reader.page.close();
        }
        expect(before, "no save was under way when the page crashed").toBeGreaterThan(1);
        count(crashes, "crashes of a page in a save");
        console.log(`${kind}: ${crashes} crashes, checkpoints saved up to step ${before}, none lost`);
      }), 240_000);

    fault(29, "Chromium", `${kind}: a full storage is a StorageError, and what was saved stays`, () =>
      inNewProfile(async (context) => {
        const tab = await Tab.open(context, kind);
        await tab.call("create", "a", {}, null);
        expect(await tab.call("save", "a", 1, 1000)).toBeNull();
        const session = await context.newCDPSession(tab.page);
        const origin = new URL(served.url).origin;
        await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 100_000 });
        // IndexedDB in Chromium believes what it knew of the quota for some seconds.
        let step = 2;
        let refused: string | null = null;
        for (const end = Date.now() + 60_000; refused === null && Date.now() < end; step++) {
          refused = await tab.call("save", "a", step, 1_000_000);
          if (refused === null) await new Promise((resolve) => setTimeout(resolve, 1000));
        }
        expect(refused).toMatch(/^StorageError: storage: the browser has no room left to write runs\/a\/checkpoint\/\S+, got (QuotaExceededError|AbortError)\b.*; remove runs or free disk space, and download the checkpoint meanwhile$/);
        const kept = step - 2;
        expect(await tab.call("saved", "a")).toEqual({ step: kept, says: kept, damaged: [] });
        await session.send("Storage.overrideQuotaForOrigin", { origin });
        await expect.poll(() => tab.call("save", "a", 99, 1_000_000), { timeout: 60_000, interval: 1000 }).toBeNull();
        expect(await tab.call("saved", "a")).toEqual({ step: 99, says: 99, damaged: [] });
      }));

    fault(38, "Chromium", `${kind}: two pages that save one run 100 times each leave a whole checkpoint and record at every moment`, (count) =>
      inNewProfile(async (context) => {
        const [one, other, reader] = [await Tab.open(context, kind), await Tab.open(context, kind), await Tab.open(context, kind)];
        await one.call("create", "a", {}, null);
        await one.call("save", "a", 1, 4096);
        let writing = true;
        const writers = Promise.all([one.call("saveOften", "a", 100, 1000), other.call("saveOften", "a", 100, 5000)]).finally(() => (writing = false));
        writers.catch(() => {}); // awaited below; a look that fails comes first
        let looks = 0;
        for (; writing; looks++) {
          const saved = await reader.call("saved", "a");
          if (saved !== null) expect(saved).toMatchObject({ damaged: [] });
          expect((await reader.call("list")).damaged).toEqual([]);
        }
        expect(await writers).toEqual([[], []]);
        const saved = (await reader.call("saved", "a")) as { step: number; says: number };
        expect([1099, 5099]).toContain(saved.step);
        expect(saved.says).toBe(saved.step);
        expect((await reader.call("list")).records[0]!.step % 1000).toBe(99);
        count(200, "saves by two writers");
        console.log(`${kind}: 200 saves by two pages, looked at ${looks} times meanwhile`);
      }), 240_000);
  });
}

describe("several tabs", () => {
  fault(38, "Chromium", "one tab holds a run, others are told what it does; a crash lets go", () =>
    inNewProfile(async (context) => {
      const [one, other] = [await Tab.open(context, "opfs"), await Tab.open(context, "opfs")];
      await one.call("create", "a", { status: "running", step: 7 }, null);
      await one.call("save", "a", 5, 10);
      expect(await one.call("take", "a")).toBe(true);
      expect(await other.call("take", "a")).toBe(false);
      expect(await other.call("held")).toEqual(["a"]);
      expect((await other.call("repaired"))[0]).toMatchObject({ status: "running" });
      await one.call("tell", { kind: "rewound", run: "a", step: 3 });
      await one.call("tell", { kind: "notice", level: "info", text: "its own" });
      await one.call("tell", { kind: "removed", run: "z" });
      await expect.poll(() => other.call("heard")).toEqual([{ kind: "rewound", run: "a", step: 3 }, { kind: "removed", run: "z" }]);
      await one.crash();
      await expect.poll(() => other.call("take", "a")).toBe(true);
      await other.call("release", "a");
      await expect.poll(() => other.call("held")).toEqual([]);
      const [repaired] = await other.call("repaired");
      expect(repaired).toMatchObject({ status: "interrupted", savedStep: 5, message: "interrupted about step 7: the page was closed, or it crashed; goes on from step 5" });
      expect((await other.call("list")).records[0]).toEqual(repaired);
    }));
});

describe("where runs are kept", () => {
  it("is the private file system; without createWritable IndexedDB, and runs stay there when it comes; else memory, which is told", () =>
    inNewProfile(async (context) => {
      const opened = async (missing: string[]) => {
        const tab = await Tab.open(context);
        return { tab, ...(await tab.call("openAny", missing)) };
      };
      expect(await opened([])).toMatchObject({ kind: "opfs", notice: null });
      const indexed = await opened(["createWritable"]);
      expect(indexed).toMatchObject({ kind: "indexeddb", notice: null });
      await indexed.tab.call("create", "a", {}, null);
      const later = await opened([]);
      expect(later.kind).toBe("indexeddb");
      expect((await later.tab.call("list")).records).toHaveLength(1);
      const memory = await opened(["createWritable", "indexedDB"]);
      expect(memory).toMatchObject({ kind: "memory", notice: expect.stringContaining("stores nothing for this page") as string });
      await memory.tab.call("create", "b", {}, null);
      expect((await memory.tab.call("list")).records).toHaveLength(1);
    }));
});
