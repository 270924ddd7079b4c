// docs/errors.md has a section for every error, with causes and cures, and says nothing of errors that are not there.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import * as errors from "../../src/errors.js";
import * as surface from "../../src/index.js";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");
const classes = [...read("src/errors.ts").matchAll(/^export class (\w+)/gm)].map(([, name]) => name!);
const sections = new Map(read("docs/errors.md").split(/^## /m).slice(1).map((text) => [text.slice(0, text.indexOf("\n")), text]));
const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name) && name !== "errors.ts");
const code = sources.map((name) => read(join("src", name))).join("\n");

describe("docs/errors.md", () => {
  it("has a section for each class, in their order", () => {
    expect([...classes].sort()).toEqual(Object.keys(errors).sort());
    expect(classes.length).toBeGreaterThan(15);
    expect([...sections.keys()]).toEqual(classes);
  });

  it.each(classes)("says of %s what causes it and what to do", (name) => {
    const text = sections.get(name)!;
    expect(text).toMatch(/^- \*\*Causes:\*\* .{20,}/m);
    expect(text).toMatch(/^- \*\*What to do:\*\* .{20,}/m);
  });

  it("names only what the package exports, and flags and options that exist", () => {
    const named = new Set([...read("docs/errors.md").matchAll(/`(\w+)\(?\)?`/g)].map(([, name]) => name!));
    const known = new Set([...Object.keys(surface), ...Object.keys(surface.nn), ...Object.keys(surface.tune)]);
    const others = [...named].filter((name) => !known.has(name));
    for (const name of others) expect(code, name).toMatch(new RegExp(`\\b${name}\\b`));
    expect(named.size).toBeGreaterThan(30);
  });
});

describe("errors", () => {
  it.each(classes.filter((name) => name !== "KilnError"))("%s is exported, is a KilnError, and is thrown somewhere", (name) => {
    const made = (surface as unknown as Record<string, new (...args: never[]) => unknown>)[name]!;
    expect(made.prototype).toBeInstanceOf(errors.KilnError);
    expect(code).toMatch(new RegExp(`new ${name}\\(`));
  });
});
