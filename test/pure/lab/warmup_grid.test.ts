import { describe, expect, it } from "vitest";
import grid from "../../../examples/lab/warmup_grid.js";
import sharpness from "../../../examples/lab/warmup_sharpness.js";
import { concludedFrom } from "../../support/lab.js";

type Setting = { norm: string; adam: string; warmup: number };

describe("warmup-grid", () => {
  /** Trains up to the rate that `edge` gives, and is lost, or stuck, beyond. */
  const results = (edge: (cell: Setting) => number, beyond = NaN) =>
    concludedFrom(grid, (cell) => {
      const { rate, warmup } = cell as unknown as { rate: number; warmup: number };
      return { first: 3, final: rate <= edge(cell as unknown as Setting) ? 1 + (warmup === 0 ? 0.05 : 0) : beyond };
    });
  const expected = ({ norm, adam, warmup }: Setting) => (adam === "GI-Adam" ? 0.25 : warmup === 0 ? 0.0625 : norm === "post" ? 0.125 : 0.0625);

  it("confirms wider ranges with warmup and with GI-Adam, whether runs beyond are lost or stuck", () => {
    for (const beyond of [NaN, 2.9]) expect(results(expected, beyond)).toMatchObject({ verdict: "confirmed", findings: { values: { post: [2, 2, 2], pre: [1, 1, 1], gi: [4, 4, 4] } } });
  });

  it("is contradicted by a warmup that narrows the range", () => {
    expect(results((cell) => (cell.adam === "Adam" && cell.warmup > 0 ? 0.0156250 : expected(cell))).verdict).toBe("contradicted");
  });

  it("shows nothing where warmup changes nothing", () => {
    expect(results(() => 0.125)).toMatchObject({ verdict: "not confirmed at this scale", findings: { values: { post: [1, 1, 1] } } });
  });
});

describe("warmup-sharpness", () => {
  const results = (fall: number, start: number) =>
    concludedFrom(sharpness, ({ warmup }: Record<string, number>) => ({ at: [1, 13, 25, 37], sharpness: [1000, 500, 400, 1000 * fall], share: warmup === 0 ? [start, 1, 1, 1] : [0.1, 0.6, 0.9, 1], losses: Array.from({ length: 37 }, () => 1) }));
  it("is confirmed by a sharpness that falls from a start past the edge, contradicted by one that rises", () => {
    expect(results(0.3, 3).verdict).toBe("confirmed");
    expect(results(0.3, 1.5).verdict).toBe("not confirmed at this scale");
    expect(results(2, 3).verdict).toBe("contradicted");
  });
});
