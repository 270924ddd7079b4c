import { defineConfig } from "vitest/config";
// @ts-expect-error plain JavaScript, shared with the esbuild build
import { viteWgsl } from "./scripts/wgsl_plugin.mjs";

// GPU tests run once per software adapter. scripts/test.mjs leaves out `lavapipe` where the machine has none.
const gpu = (name: string, adapter: string) => ({
  plugins: [viteWgsl],
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
      { plugins: [viteWgsl], test: { name: "pure", include: ["test/pure/**/*.test.ts"], pool: "forks" } },
      gpu("swiftshader", "swiftshader"),
      gpu("lavapipe", "system-software"),
      {
        plugins: [viteWgsl],
        test: { name: "browser", include: ["test/browser/**/*.test.ts"], pool: "forks", testTimeout: 240_000, hookTimeout: 240_000 },
      },
      {
        plugins: [viteWgsl],
        test: { name: "cli", include: ["test/cli/**/*.test.ts"], pool: "forks", testTimeout: 240_000, hookTimeout: 240_000 },
      },
    ],
  },
});
