// Tests of the fault table (docs/faults.md): one named test for each row and place, which says PASS, FAIL or SKIP and why.
import { appendFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { it } from "vitest";

/** Ends a row's test where it cannot be made here. On CI, where every row can, that fails the run. */
class Skip extends Error {}

export function skip(reason: string): never {
  throw new Skip(reason);
}

/** What a test went through, for the table: count(200, "kills"). Adds up. */
export type Count = (many: number, what: string) => void;

/** A line of the file that KILN_FAULTS names: see scripts/fault_report.mjs. */
interface FaultResult {
  row: number;
  what: string;
  file: string;
  /** Where it ran: an adapter, Chromium, or "host" for a test that opens no device in its own process. */
  on: string;
  verdict: "PASS" | "FAIL" | "SKIP";
  counts: Record<string, number>;
}

const root = resolve(import.meta.dirname, "../..");
const adapters: Record<string, string> = { swiftshader: "SwiftShader", "system-software": "lavapipe" };

function whereIs(file: string): string {
  if (file.startsWith("test/browser/")) return "Chromium";
  return file.startsWith("test/gpu/") ? (adapters[process.env.KILN_ADAPTER ?? ""] ?? "another adapter") : "host";
}

/** `place` is what the row is tested in: "Node", "Chromium", "full disk". */
export function fault(row: number, place: string, what: string, run: (count: Count) => unknown, timeout_ms = 120_000): void {
  it(
    `row ${row} (${place}): ${what}`,
    async (context) => {
      const counts: Record<string, number> = {};
      const file = relative(root, context.task.file.filepath);
      const tell = (verdict: FaultResult["verdict"], message = "") => {
        process.stdout.write(`${`${verdict}  row ${String(row).padStart(2)}  ${place.padEnd(8)}  ${what}${message && `: ${message}`}`.split("\n")[0]}\n`);
        const result: FaultResult = { row, what, file, on: whereIs(file), verdict, counts };
        if (process.env.KILN_FAULTS) appendFileSync(process.env.KILN_FAULTS, `${JSON.stringify(result)}\n`);
      };
      try {
        await run((many, of) => (counts[of] = (counts[of] ?? 0) + many));
        tell("PASS");
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        const isSkipped = error instanceof Skip && !process.env.CI;
        tell(isSkipped ? "SKIP" : "FAIL", message);
        if (isSkipped) context.skip(message);
        throw error;
      }
    },
    timeout_ms,
  );
}
