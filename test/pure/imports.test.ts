// Imports point one way: architecture rules that grep can check.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const src = resolve(import.meta.dirname, "../../src");

/** Right to left: a layer may import its own files and those of every layer before it. */
const layers: readonly (readonly string[])[] = [
  ["errors.ts", "half.ts", "options.ts", "shape.ts", "schedule", "io", "plot"],
  ["gpu"],
  ["kernels"],
  ["tensor"],
  ["ops", "capture", "profile", "custom"],
  ["nn", "optim", "data", "tune"],
  ["train"],
  ["recipe"],
  ["bench", "lab"],
  // The experiments: they import the library by its name, and lab.
  ["../examples"],
  ["node"],
  ["cli", "studio", "index.ts", "node.ts"],
];

function sourceFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? sourceFiles(path) : /\.tsx?$/.test(name) ? [path] : [];
  });
}

const files = sourceFiles(src).filter((path) => !path.endsWith(".d.ts"));
const importPattern = /(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\(\s*"([^"]+)"\s*\)|^import\s+"([^"]+)"/gm;

function importsOf(path: string): string[] {
  return [...readFileSync(path, "utf8").matchAll(importPattern)].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

function layerOf(path: string): number {
  const top = /^(\.\.\/)?[^/]+/.exec(relative(src, path))![0];
  const layer = layers.findIndex((names) => names.includes(top));
  if (layer < 0) throw new Error(`src/${top} is in no layer: add it to the table`);
  return layer;
}

function resolveImport(from: string, specifier: string): string | null {
  if (!specifier.startsWith(".") || /\.(wgsl|json|css)$/.test(specifier)) return null;
  const path = resolve(dirname(from), specifier.replace(/\.js$/, ".ts"));
  return existsSync(path) ? path : `${path}x`;
}

describe("source layout", () => {
  it("finds the source", () => expect(files.length).toBeGreaterThan(30));

  it("imports point one way", () => {
    const wrong = files.flatMap((path) =>
      importsOf(path)
        .map((specifier) => resolveImport(path, specifier))
        .filter((target): target is string => target !== null && layerOf(target) > layerOf(path))
        .map((target) => `${relative(src, path)} -> ${relative(src, target)}`),
    );
    expect(wrong).toEqual([]);
  });

  it("lets the studio use all but the command line, Node and, types aside, the benchmarks", () => {
    const studio = files.filter((path) => relative(src, path).startsWith("studio/"));
    expect(studio.length).toBeGreaterThan(5);
    const wrong = studio.flatMap((path) =>
      valueImports(path)
        .filter((target) => /^(cli|node|bench)\/|^(index|node)\.ts$/.test(relative(src, target)))
        .map((target) => `${relative(src, path)} -> ${relative(src, target)}`),
    );
    expect(wrong).toEqual([]);
  });

  it("keeps the engine out of the page, which loads before the worker computes", () => {
    const graph = new Map(files.map((path) => [path, valueImports(path)]));
    const reached = new Set<string>();
    const reach = (path: string) => {
      if (reached.has(path)) return;
      reached.add(path);
      graph.get(path)?.forEach(reach);
    };
    reach(join(src, "studio/main.tsx"));
    expect(reached.size).toBeGreaterThan(30);
    const engine = [...reached].map((path) => relative(src, path)).filter((path) => /^(gpu|kernels|ops|nn|optim|train|tune)\//.test(path));
    expect(engine).toEqual([]);
  });

  it("resolves every import to a file", () => {
    const missing = files.flatMap((path) =>
      importsOf(path)
        .map((specifier) => resolveImport(path, specifier))
        .filter((target) => target !== null && !existsSync(target))
        .map((target) => `${relative(src, path)} -> ${relative(src, target!)}`),
    );
    expect(missing).toEqual([]);
  });

  it("has no import cycle between files, types aside", () => {
    const graph = new Map(files.map((path) => [path, valueImports(path)]));
    expect(findCycle(graph)?.map((path) => relative(src, path)) ?? null).toBeNull();
  });

  it("keeps Node out of the browser's half", () => {
    const browser = files.filter((path) => !/^(node|cli)\/|^node\.ts/.test(relative(src, path)));
    const wrong = browser.filter((path) => importsOf(path).some((specifier) => specifier.startsWith("node:") || specifier === "webgpu"));
    expect(wrong.map((path) => relative(src, path))).toEqual([]);
  });

  it("creates GPU objects only in src/gpu", () => {
    const wrong = files.filter(
      (path) => !relative(src, path).startsWith("gpu/") && /createBuffer\(|createComputePipeline\(|createShaderModule\(|queue\.(submit|writeBuffer)\(/.test(readFileSync(path, "utf8")),
    );
    expect(wrong.map((path) => relative(src, path))).toEqual([]);
  });

  it("keeps WGSL in shaders", () => {
    const wrong = files.filter((path) => /@compute|@workgroup_size/.test(readFileSync(path, "utf8")));
    expect(wrong.map((path) => relative(src, path))).toEqual([]);
  });

  it("has no file over 400 lines", () => {
    const long = files.map((path) => ({ path: relative(src, path), lines: readFileSync(path, "utf8").split("\n").length })).filter(({ lines }) => lines > 400);
    expect(long).toEqual([]);
  });
});

function valueImports(path: string): string[] {
  const text = readFileSync(path, "utf8").replace(/(?:import|export)\s+type\s[^;]*;/g, "");
  return [...text.matchAll(importPattern)]
    .map((match) => resolveImport(path, (match[1] ?? match[2] ?? match[3])!))
    .filter((target): target is string => target !== null);
}

function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): string[] | null => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return null;
    for (const next of graph.get(path) ?? []) {
      const cycle = visit(next, [...trail, path]);
      if (cycle) return cycle;
    }
    done.add(path);
    return null;
  };
  for (const path of graph.keys()) {
    const cycle = visit(path, []);
    if (cycle) return cycle;
  }
  return null;
}
