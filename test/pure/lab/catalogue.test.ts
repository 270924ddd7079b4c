// What every experiment must have.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { experiments } from "../../../examples/lab/index.js";
import { repeatedCells } from "../../support/lab.js";

const folder = join(import.meta.dirname, "../../../examples/lab");

describe("the catalogue", () => {
  it("lists every file once, under its name, in the order of groups", () => {
    const files = readdirSync(folder).filter((name) => name.endsWith(".ts") && name !== "index.ts");
    expect(experiments.map(({ name }) => `${name.replaceAll("-", "_")}.ts`).sort()).toEqual(files.sort());
    expect(experiments.map(({ group }) => group)).toEqual(experiments.map(({ group }) => group).sort((a, b) => a - b));
  });

  it.each(experiments.map((one) => [one.name, one] as const))("%s has a claim, a source, a prediction, criteria whose bounds leave room, and cells that are told apart", (_, one) => {
    expect(one.group).toBeGreaterThanOrEqual(1);
    expect(one.group).toBeLessThanOrEqual(16);
    expect(one.title).toMatch(/^[A-Z\d].*[^.]$/);
    for (const text of [one.claim, one.prediction]) expect(text.length, text).toBeGreaterThan(60);
    expect(one.source).toMatch(/\b(19|20)\d\d\b/);
    expect(new Set(one.criteria.map(({ id }) => id)).size).toBe(one.criteria.length);
    for (const { statement, confirmed, contradicted } of one.criteria) {
      const above = "atLeast" in confirmed;
      expect(above, statement).toBe("atMost" in contradicted);
      const [good, bad] = [Object.values(confirmed)[0] as number, Object.values(contradicted)[0] as number];
      expect(above ? good > bad : good < bad, statement).toBe(true);
    }
    expect(repeatedCells(one)).toEqual([]);
    const seeds = new Set(one.cells("small").map(({ seed }) => seed));
    expect(seeds.size, "seeds").toBeGreaterThanOrEqual(3);
  });
});
