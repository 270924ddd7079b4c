import { avgPool1d, avgPool2d, maxPool1d, maxPool2d } from "../../src/ops/pool.js";
import { eachIndex, flatIndex, nd, type Nd } from "../support/nd.js";
import type { OpCase } from "../support/op_cases.js";

type Pair = [number, number];

interface Geometry {
  kernelSize: number | Pair;
  stride?: number | Pair;
  padding?: number | Pair;
  dilation?: number | Pair;
  ceilMode?: boolean;
  countIncludePad?: boolean;
}

/** The positions of one window along one axis, those in the padding included. */
function places(at: number, kernel: number, stride: number, padding: number, dilation: number): number[] {
  return Array.from({ length: kernel }, (_, i) => at * stride - padding + i * dilation);
}

/** PyTorch's count of windows: with ceilMode, the last must start inside x or the padding on its left. */
function windows(extent: number, kernel: number, stride: number, padding: number, dilation: number, ceilMode: boolean): number {
  let count = 0;
  for (let start = -padding; ; start += stride, count++) {
    const end = start + dilation * (kernel - 1);
    if (end < extent + padding) continue;
    const reachesPastByLess = ceilMode && end - stride < extent + padding - 1 && start < extent;
    return reachesPastByLess ? count + 1 : count;
  }
}

function reference(kind: "max" | "avg", x: Nd, geometry: Geometry, axes: 1 | 2): Nd {
  const two = (value: number | Pair | undefined, otherwise: number): Pair =>
    axes === 1 ? [otherwise, (value ?? otherwise) as number] : Array.isArray(value) ? value : [value ?? otherwise, value ?? otherwise];
  const kernel = two(geometry.kernelSize, 1);
  const stride = geometry.stride === undefined ? kernel : two(geometry.stride, 1);
  const padding = two(geometry.padding, 0);
  const dilation = two(geometry.dilation, 1);
  const [batch, channels, height, width] = (axes === 2 ? x.shape : [x.shape[0]!, x.shape[1]!, 1, x.shape[2]!]) as [number, number, number, number];
  const out = [height, width].map((extent, axis) => windows(extent, kernel[axis]!, stride[axis]!, padding[axis]!, dilation[axis]!, geometry.ceilMode ?? false));
  const y = nd([batch, channels, ...(axes === 2 ? [out[0]!] : []), out[1]!], () => 0);
  eachIndex([batch, channels, out[0]!, out[1]!], ([b, c, v, u], flat) => {
    const rows = places(v!, kernel[0], stride[0], padding[0], dilation[0]);
    const cols = places(u!, kernel[1], stride[1], padding[1], dilation[1]);
    const inside: number[] = [];
    let counted = 0;
    for (const row of rows) {
      for (const col of cols) {
        if (row >= 0 && row < height && col >= 0 && col < width) inside.push(x.data[flatIndex([batch, channels, height, width], [b!, c!, row, col])]!);
        if (row < height + padding[0] && col < width + padding[1]) counted++;
      }
    }
    const sum = inside.reduce((total, value) => total + value, 0);
    y.data[flat] = kind === "max" ? Math.max(...inside) : sum / ((geometry.countIncludePad ?? true) ? counted : inside.length);
  });
  return y;
}

function poolCase(kind: "max" | "avg", shape: readonly number[], geometry: Geometry, extra: Partial<OpCase> = {}): OpCase {
  const axes = shape.length === 4 ? 2 : 1;
  const op = kind === "max" ? (axes === 2 ? maxPool2d : maxPool1d) : axes === 2 ? avgPool2d : avgPool1d;
  return {
    name: `${kind}Pool${axes}d [${shape}] ${JSON.stringify(geometry)}`,
    inputs: [{ shape }],
    run: ([x]) => op(x!, geometry as never),
    reference: ([x]) => reference(kind, x!, geometry, axes),
    tolerance: kind === "max" ? "exact" : "arithmetic",
    ...extra,
  };
}

const shared: [readonly number[], Geometry][] = [
  [[1, 1, 1], { kernelSize: 1 }],
  [[2, 3, 8], { kernelSize: 2 }],
  [[1, 2, 11], { kernelSize: 3, stride: 2, padding: 1 }],
  [[1, 2, 10], { kernelSize: 3, stride: 3, padding: 1, ceilMode: true }],
  [[1, 1, 1, 1], { kernelSize: 1 }],
  [[2, 2, 6, 6], { kernelSize: 2 }],
  [[1, 3, 7, 5], { kernelSize: [3, 2], stride: [2, 1], padding: [1, 0] }],
  [[1, 2, 5, 5], { kernelSize: 3, stride: 1, padding: 1 }],
  [[1, 1, 9, 8], { kernelSize: [2, 3], stride: 4 }],
  [[1, 2, 6, 7], { kernelSize: 3, stride: 2, ceilMode: true }],
  [[1, 1, 7, 7], { kernelSize: 3, stride: 5, padding: 1, ceilMode: true }],
  [[1, 1, 5, 5], { kernelSize: 2, stride: 4, padding: 1, ceilMode: true }],
  [[3, 5, 8, 8], { kernelSize: 4 }],
];

export const poolCases: OpCase[] = [
  ...shared.map(([shape, geometry]) => poolCase("max", shape, geometry)),
  ...shared.map(([shape, geometry]) => poolCase("avg", shape, geometry)),
  ...shared.filter(([, { padding }]) => padding !== undefined).map(([shape, geometry]) => poolCase("avg", shape, { ...geometry, countIncludePad: false })),
  poolCase("max", [1, 2, 12], { kernelSize: 3, stride: 1, dilation: 4, padding: 1 }),
  poolCase("max", [1, 1, 9, 8], { kernelSize: [2, 3], stride: [1, 2], dilation: [3, 2], padding: [1, 1] }),
  poolCase("max", [0, 2, 4, 4], { kernelSize: 2 }, { zeroGradient: true }),
  poolCase("avg", [0, 2, 4, 4], { kernelSize: 2 }, { zeroGradient: true }),
  poolCase("max", [64 * 65536, 1, 2], { kernelSize: 1, stride: 1 }, { gradient: false }),
  poolCase("avg", [64 * 65536, 1, 2], { kernelSize: 2 }, { gradient: false }),
];
