import { defineConfig } from "vitest/config";
// @ts-expect-error plain JavaScript, shared with the esbuild build
import { viteWgsl } from "./scripts/wgsl_plugin.mjs";

/** The experiments of the Warmup Lab import the library as a user does: by its name. */
const resolve = { alias: { "kiln-gpu": new URL("src/index.ts", import.meta.url).pathname } };

// GPU tests run once per software adapter. scripts/test.mjs leaves out `lavapipe` where the machine has none.
const gpu = (name: string, adapter: string) => ({
  plugins: [viteWgsl],
  resolve,
  test: {
    name,
    include: ["test/gpu/**/*.test.ts"],
    env: { KILN_ADAPTER: adapter },
    setupFiles: ["test/support/setup.ts"],
    pool: "forks" as const,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});

export default defineConfig({
  test: {
    // Half of a test's time is one thread: compiling a kernel, or JavaScript.
    maxWorkers: 2,
    projects: [
      { plugins: [viteWgsl], resolve, test: { name: "pure", include: ["test/pure/**/*.test.ts"], pool: "forks" } },
      gpu("swiftshader", "swiftshader"),
      gpu("lavapipe", "system-software"),
      {
        plugins: [viteWgsl],
        resolve,
        test: { name: "browser", include: ["test/browser/**/*.test.ts"], pool: "forks", testTimeout: 240_000, hookTimeout: 240_000 },
      },
      {
        plugins: [viteWgsl],
        resolve,
        test: { name: "cli", include: ["test/cli/**/*.test.ts"], pool: "forks", testTimeout: 240_000, hookTimeout: 240_000 },
      },
    ],
  },
});
