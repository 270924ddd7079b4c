// What the studio says when a browser does not write: no room, or no permission. Which of the two, Chromium's error does not always tell.
import { afterEach, describe, expect, it, vi } from "vitest";
import { StorageError } from "../../src/errors.js";
import { attempting } from "../../src/studio/storage/files.js";

afterEach(() => vi.unstubAllGlobals());

const pipe = () => new DOMException("Failed to write data to data pipe", "AbortError");

async function refusal(error: unknown, estimate: () => Promise<{ usage?: number; quota?: number }>, size = 500): Promise<string> {
  vi.stubGlobal("navigator", { storage: { estimate } });
  const failed = await attempting("write runs/a/record.json", () => Promise.reject(error), size).catch((found: unknown) => found);
  expect(failed).toBeInstanceOf(StorageError);
  expect((failed as Error).cause).toBe(error);
  return (failed as Error).message;
}

describe("a write that fails", () => {
  const noRoom = /^storage: the browser has no room left to write runs\/a\/record\.json, got /;

  it("has no room where the browser says so, or where its estimate does", async () => {
    const room = async () => ({ usage: 0, quota: 1e9 });
    expect(await refusal(new DOMException("", "QuotaExceededError"), room)).toMatch(noRoom);
    expect(await refusal(pipe(), async () => ({ usage: 600, quota: 1000 }))).toBe(
      "storage: the browser has no room left to write runs/a/record.json, got AbortError: Failed to write data to data pipe; remove runs or free disk space, and download the checkpoint meanwhile",
    );
  });

  it("is refused where there is room, to the last byte, and where the browser does not say", async () => {
    const refused = "storage: the browser refuses to write runs/a/record.json, got AbortError: Failed to write data to data pipe; allow this site to store data, see that the disk has room, and download the checkpoint meanwhile";
    expect(await refusal(pipe(), async () => ({ usage: 500, quota: 1000 }))).toBe(refused);
    expect(await refusal(pipe(), async () => ({}))).toBe(refused);
    expect(await refusal(pipe(), () => Promise.reject(new Error("no estimate")))).toBe(refused);
  });

  it("is not asked for room where nothing is written, as when a file is read", async () => {
    expect(await refusal(pipe(), async () => ({ usage: 2000, quota: 1000 }), 0)).toMatch(/^storage: the browser refuses to /);
  });
});
