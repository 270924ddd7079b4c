// The examples run as they stand, against the built package.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { runNode } from "../support/child.js";

beforeAll(() => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/build.mjs", "--quiet"], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
});

describe("examples", () => {
  it("are all tested here", () => expect(readdirSync("examples").filter((name) => /\.(mjs|ts|html)$/.test(name))).toEqual(["quickstart.mjs"]));

  it("quickstart.mjs trains, writes, and ends by itself", async () => {
    const { code, stdout, stderr } = await runNode(["examples/quickstart.mjs", "41"], { KILN_ADAPTER: "swiftshader" });
    expect(code, stderr).toBe(0);
    const losses = [...stdout.matchAll(/^\d+ \S+ (\S+)$/gm)].map((match) => Number(match[1]));
    expect(losses).toHaveLength(3);
    expect(losses[2]!).toBeLessThan(losses[0]! - 0.5);
  });
});
