// As many points of a curve as a screen can show, with no peak lost.
import { lowerBound } from "./columns.js";

export interface Points {
  x: number[];
  /** null: a gap. */
  y: (number | null)[];
}

/** Edges of `columns` columns between min and max, as wide as each other on the screen. */
export function columnEdges(min: number, max: number, columns: number, log: boolean): Float64Array {
  const edges = new Float64Array(columns + 1);
  for (let i = 0; i <= columns; i++) edges[i] = log ? min * (max / min) ** (i / columns) : min + ((max - min) * i) / columns;
  return edges;
}

/**
 * The points of a curve within `edges`, and one on each side, so that lines run on to the border. Of a column with more than
 * two points the lowest and the highest are left, in their order, at places that all curves share: x of a chart's
 * curves must be merged, and merging costs with the number of different x.
 */
export function decimate(x: Float64Array, y: Float64Array, edges: Float64Array, positiveOnly = false): Points {
  const columns = edges.length - 1;
  const from = Math.max(0, lowerBound(x, edges[0]!) - 1);
  const to = Math.min(x.length, lowerBound(x, edges[columns]!) + 2);
  const points: Points = { x: [], y: [] };
  const push = (at: number, value: number) => {
    points.x.push(at);
    points.y.push(value === value && (!positiveOnly || value > 0) ? value : null);
  };
  if (to - from <= 2 * columns) {
    for (let i = from; i < to; i++) push(x[i]!, y[i]!);
    return points;
  }
  let i = from;
  while (i < to && x[i]! < edges[0]!) push(x[i]!, y[i++]!);
  for (let column = 0; column < columns && i < to; column++) {
    const end = edges[column + 1]!;
    const first = i;
    let [low, high] = [-1, -1];
    for (; i < to && x[i]! < end; i++) {
      const value = y[i]!;
      if (value !== value || (positiveOnly && value <= 0)) continue;
      if (low < 0 || value < y[low]!) low = i;
      if (high < 0 || value > y[high]!) high = i;
    }
    if (i - first <= 2) for (let k = first; k < i; k++) push(x[k]!, y[k]!);
    else {
      push(edges[column]!, low < 0 ? NaN : y[Math.min(low, high)]!);
      if (low >= 0 && low !== high) push((edges[column]! + end) / 2, y[Math.max(low, high)]!);
    }
  }
  for (; i < to; i++) push(x[i]!, y[i]!);
  return points;
}

/** Curves over one list of x, as uPlot wants them: undefined where a curve has no point, null where it has a gap. */
export function merge(curves: readonly Points[]): [number[], ...(number | null | undefined)[][]] {
  const all = new Float64Array(curves.reduce((sum, { x }) => sum + x.length, 0));
  let filled = 0;
  for (const { x } of curves) {
    all.set(x, filled);
    filled += x.length;
  }
  all.sort();
  const x: number[] = [];
  for (const value of all) if (value !== x[x.length - 1]) x.push(value);
  const columns = curves.map((curve) => {
    const y = new Array<number | null | undefined>(x.length).fill(undefined);
    for (let k = 0, i = 0; k < curve.x.length; k++) {
      while (x[i]! < curve.x[k]!) i++;
      y[i] = curve.y[k]!;
    }
    return y;
  });
  return [x, ...columns];
}

/** Indices of marked rows within [min, max], one at most in each of `columns` columns. */
export function spreadMarks(x: Float64Array, marked: (index: number) => boolean, edges: Float64Array): number[] {
  const result: number[] = [];
  let i = lowerBound(x, edges[0]!);
  for (let column = 0; column + 1 < edges.length; column++) {
    const last = column + 2 === edges.length;
    const end = edges[column + 1]!;
    let found = -1;
    for (; i < x.length && (x[i]! < end || (last && x[i] === end)); i++) if (found < 0 && marked(i)) found = i;
    if (found >= 0) result.push(found);
  }
  return result;
}

/** Of ups and downs, in heights of the curve: more are a band to the eye, and no line. */
const mostClimb = 8;

/** Whether a curve goes up and down so often that dashes would not show. */
export function isRough({ y }: Points): boolean {
  let [climb, min, max, before] = [0, Infinity, -Infinity, NaN];
  for (const value of y) {
    if (value === null) continue;
    if (before === before) climb += Math.abs(value - before);
    [min, max, before] = [Math.min(min, value), Math.max(max, value), value];
  }
  return y.length > 100 && climb > mostClimb * (max - min);
}
