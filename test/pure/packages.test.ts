// Packages are few, and each is justified where a reader looks for it.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const manifest = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8")) as Record<"dependencies" | "peerDependencies" | "devDependencies", Record<string, string>> & {
  peerDependenciesMeta: Record<string, { optional?: boolean }>;
};
const lock = JSON.parse(readFileSync(resolve(root, "package-lock.json"), "utf8")) as { packages: Record<string, { dev?: boolean; devOptional?: boolean; peer?: boolean; optional?: boolean; hasInstallScript?: boolean }> };
const section = readFileSync(resolve(root, "ARCHITECTURE.md"), "utf8").split("## Packages")[1]!.split(/^## /m)[0]!;

describe("packages", () => {
  it.each(Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.devDependencies }))("%s has its reason in ARCHITECTURE.md", (name) => expect(section).toContain(`\`${name}\``));

  it("are named there only while they are used", () => {
    const named = [...section.matchAll(/`([a-z@][\w@/.-]*)`/g)].map(([, name]) => name!).filter((name) => name !== "kiln-gpu");
    const used = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.devDependencies });
    expect(named.filter((name) => !used.includes(name))).toEqual([]);
  });

  it("are few at run time, with all that they bring along, and none runs a script when it is installed", () => {
    const installed = Object.entries(lock.packages).filter(([path, { dev, devOptional, peer }]) => path !== "" && !dev && !devOptional && !peer);
    console.log(`${Object.keys(manifest.dependencies).length} dependencies, ${installed.length} packages with theirs: ${installed.map(([path]) => path.replace(/^.*node_modules\//, "")).join(", ")}`);
    expect(Object.keys(manifest.dependencies).length).toBeLessThanOrEqual(8);
    expect(installed.length).toBeLessThanOrEqual(24);
    expect(installed.filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
  });

  it("that are large are optional", () => {
    for (const name of Object.keys(manifest.peerDependencies)) expect(manifest.peerDependenciesMeta[name]?.optional, name).toBe(true);
  });
});
