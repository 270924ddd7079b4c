import { describe, expect, it } from "vitest";
import { terminalPlot } from "../../src/cli/plot/terminal.js";

const drawn = (points: [number, number][], log = false) => terminalPlot({ title: "", x: { label: "step" }, y: { label: "y", log }, series: [{ name: "", points }] });
const lastTicks = (text: string) => text.split("\n").at(-2)!.trim().split(/\s+/);

describe("labels of a plot in a terminal", () => {
  it("say where they stand, however far out", () => {
    expect(lastTicks(drawn([[5000, 0], [5099, 1]]))).toEqual(["5000", "5020", "5040", "5060", "5080"]);
    expect(lastTicks(drawn([[1_000_000, 0], [1_000_099, 1]]))).toEqual(["1000000", "1000020", "1000040", "1000060", "1000080"]);
  });

  it("of powers of ten are short", () => {
    expect(drawn([[0, 1e-8], [1, 1e-2]], true)).toMatch(/^ *1e-8┤/m);
  });
});
