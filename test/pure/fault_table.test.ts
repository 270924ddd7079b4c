// Every row of the fault table has its tests, in each of the places that the table names.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

const tests = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.ts"))
  .flatMap((name) => [...readFileSync(join(root, "test", name), "utf8").matchAll(/\bfault\(\s*(\d+),\s*"([^"]+)"/g)].map(([, row, place]) => ({ name, row: Number(row), place: place! })));

const rows = [...readFileSync(join(root, "docs/faults.md"), "utf8").matchAll(/^\| (\d+) \|.*\| ([\w, ]+) \|$/gm)].map(([, row, places]) => ({ row: Number(row), places: places!.split(", ") }));

it("has 44 rows", () => expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: 44 }, (_, i) => i + 1)));

it.each(rows)("row $row is tested in $places", ({ row, places }) => {
  const found = tests.filter((test) => test.row === row);
  for (const place of places) expect(found.some((test) => (place === "Chromium" ? test.name.startsWith("browser") : !test.name.startsWith("browser"))), `row ${row} in ${place}`).toBe(true);
});
