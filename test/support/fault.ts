// Tests of the fault table (docs/faults.md): one named test for each row and place, which says PASS, FAIL or SKIP and why.
import { it } from "vitest";

/** Ends a row's test where it cannot be made here. On CI, where every row can, that fails the run. */
class Skip extends Error {}

export function skip(reason: string): never {
  throw new Skip(reason);
}

/** `place` is where the row is tested: "Node", "Chromium", "host". */
export function fault(row: number, place: string, what: string, run: () => unknown, timeout_ms = 120_000): void {
  it(
    `row ${row} (${place}): ${what}`,
    async (context) => {
      const say = (verdict: string) => process.stdout.write(`${verdict.split("\n")[0]}\n`);
      const name = `row ${String(row).padStart(2)}  ${place.padEnd(8)}  ${what}`;
      try {
        await run();
        say(`PASS  ${name}`);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        const isSkipped = error instanceof Skip && !process.env.CI;
        say(`${isSkipped ? "SKIP" : "FAIL"}  ${name}: ${message}`);
        if (isSkipped) context.skip(message);
        throw error;
      }
    },
    timeout_ms,
  );
}
