// Runs every test: host, GPU on each software adapter this machine has, CLI, and a real browser.
// Ends with a line "N passed, N failed", counted from vitest's own JSON report.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

process.env.XDG_RUNTIME_DIR ??= tmpdir(); // Mesa complains without it

const all = ["pure", "swiftshader", "lavapipe", "cli", "browser"];
const args = process.argv.slice(2);
const chosen = args.filter((arg) => all.includes(arg));
const passedOn = args.filter((arg) => !all.includes(arg));

const lavapipe = findLavapipe();
const projects = (chosen.length > 0 ? chosen : all).filter((project) => project !== "lavapipe" || lavapipe);
console.log(lavapipe ? `adapters: SwiftShader, and ${lavapipe}` : "adapters: SwiftShader (lavapipe left out: this machine's Vulkan has no llvmpipe that Dawn accepts)");
console.log(`projects: ${projects.join(", ")}`);

const folder = mkdtempSync(join(tmpdir(), "kiln-test-"));
const report = join(folder, "report.json");
const { status } = spawnSync(
  process.execPath,
  [
    "node_modules/vitest/vitest.mjs",
    "run",
    ...projects.flatMap((project) => ["--project", project]),
    "--reporter=dot",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...passedOn,
  ],
  { stdio: "inherit" },
);
const counts = readCounts();
rmSync(folder, { recursive: true, force: true });
console.log(`${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ""}`);
process.exit(status === 0 && counts.passed > 0 && counts.failed === 0 ? 0 : 1);

function readCounts() {
  try {
    const results = JSON.parse(readFileSync(report, "utf8"));
    // A file that failed before its first test counts as one failure.
    const broken = results.testResults.filter((file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")).length;
    return {
      passed: results.numPassedTests,
      failed: results.numFailedTests + broken,
      skipped: results.numPendingTests + results.numTodoTests,
    };
  } catch (error) {
    console.error(`test: vitest left no report, ${error.message}`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

/** In a process of its own: once a Vulkan loader is in a process, it stays. */
function findLavapipe() {
  const probe = `
    const { create } = await import("webgpu");
    globalThis.instance = create(["adapter=llvmpipe"]);
    const adapter = await globalThis.instance.requestAdapter();
    console.log(adapter ? adapter.info.description : "");
    process.exit(0);`;
  const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", probe], { encoding: "utf8" });
  return (stdout ?? "").trim().split("\n").pop();
}
