// Where the range test's numbers lie on its plot.
import type { RangeTestResult } from "../protocol.js";

export interface RangeScale {
  left: number;
  right: number;
  top: number;
  bottom: number;
  /** What the axes span. */
  lrs: [number, number];
  losses: [number, number];
  x: (lr: number) => number;
  y: (loss: number) => number;
  rateAt: (x: number) => number;
  path: (losses: readonly number[]) => string;
  /** Labels that would cover each other stand in rows of their own. */
  marks: { label: string; lr: number; row: number; anchor: "start" | "end" }[];
}

const [marginLeft, marginRight, marginBottom, rowHeight] = [44, 12, 40, 14];
/** Of the fall from the first loss: a burst of the loss would else press all the rest flat. */
const roomAbove = 0.35;

export function rangeScale({ lrs, losses, marks }: RangeTestResult, { width, height }: { width: number; height: number }): RangeScale {
  const [left, right, top, bottom] = [marginLeft, width - marginRight, 6 + rowHeight * Math.max(1, marks.length), height - marginBottom];
  const [low, high] = [lrs[0]!, lrs.at(-1)!];
  const spread = lossesShown(losses);
  const logs = Math.log(high / low);
  const x = (lr: number) => left + ((right - left) * Math.log(lr / low)) / logs;
  const y = (loss: number) => bottom - ((bottom - top) * (loss - spread[0])) / (spread[1] - spread[0]);
  // Far off the plot a line only has to go in the right direction.
  const pathY = (loss: number) => Math.max(-10 * height, y(loss)).toFixed(1);
  return {
    ...{ left, right, top, bottom, lrs: [low, high], losses: spread, x, y },
    rateAt: (at) => low * Math.exp((logs * (at - left)) / (right - left)),
    path: (values) => {
      const points = values.flatMap((loss, i) => (Number.isFinite(loss) ? [`${x(lrs[i]!).toFixed(1)} ${pathY(loss)}`] : []));
      return points.length === 0 ? "" : `M${points.join("L")}`;
    },
    marks: [...marks].sort((a, b) => a.lr - b.lr).map(({ label, lr }, row) => ({ label, lr, row, anchor: x(lr) > (left + right) / 2 ? "end" : "start" })),
  };
}

function lossesShown(losses: readonly number[]): [number, number] {
  const finite = losses.filter(Number.isFinite);
  const least = Math.min(...finite);
  const first = finite[0]!;
  const fall = first - least || Math.abs(first) || 1;
  const highest = Math.min(Math.max(...finite), first + roomAbove * fall);
  const edge = 0.05 * (highest - least || fall);
  return [least - edge, highest + edge];
}

/** The index of the rate nearest to `lr`, as seen on a logarithmic axis. */
export function nearestRate({ lrs }: Pick<RangeTestResult, "lrs">, lr: number): number {
  const away = (i: number) => Math.abs(Math.log(lrs[i]! / lr));
  return lrs.reduce((best, _, i) => (away(i) < away(best) ? i : best), 0);
}
