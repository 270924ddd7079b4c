// The API reference can be made, and has nothing undocumented in it.
import { expect, it } from "vitest";
import { runNode } from "../support/child.js";

it("every export has a docstring", async () => {
  const { code, stdout, stderr } = await runNode(["scripts/docs_api.mjs", "--check"], {}, 200_000);
  expect(code, stderr).toBe(0);
  expect(Number(/all (\d+) exports/.exec(stdout)?.[1])).toBeGreaterThan(400);
});
