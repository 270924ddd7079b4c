// How a batch of matrix products lies in memory. Pure.

/** Axes over which products are repeated: extents, and strides in elements of each operand. A stride of 0 repeats it. */
export interface MatmulBatch {
  readonly extents: readonly number[];
  readonly a: readonly number[];
  readonly b: readonly number[];
}

export interface MatmulSizes {
  m: number;
  n: number;
  k: number;
  /** `a` is stored [k, m]. */
  transposeA?: boolean;
  /** `b` is stored [n, k]. */
  transposeB?: boolean;
  batch?: MatmulBatch;
}

/** Strides in elements: to the next row and column of the matrices as multiplied, a [m, k] and b [k, n]. */
export interface MatmulLayout {
  m: number;
  n: number;
  k: number;
  aRow: number;
  aCol: number;
  bRow: number;
  bCol: number;
  batch: MatmulBatch;
}

export function layoutOf({ m, n, k, transposeA = false, transposeB = false, batch = { extents: [], a: [], b: [] } }: MatmulSizes): MatmulLayout {
  return {
    m,
    n,
    k,
    aRow: transposeA ? 1 : k,
    aCol: transposeA ? m : 1,
    bRow: transposeB ? 1 : n,
    bCol: transposeB ? k : 1,
    batch,
  };
}

export function batchesOf({ batch }: MatmulLayout): number {
  return batch.extents.reduce((product, extent) => product * extent, 1);
}

/** Whether `b` can be read as rows of vec4. */
export function hasVec4Rows({ bRow, bCol, batch }: MatmulLayout): boolean {
  return bCol === 1 && bRow % 4 === 0 && batch.b.every((stride) => stride % 4 === 0);
}

/** Whether both operands can be read as vec4s along k. */
export function hasVec4Terms({ k, aRow, aCol, bRow, bCol, batch }: MatmulLayout): boolean {
  return k % 4 === 0 && aCol === 1 && bRow === 1 && [aRow, bCol, ...batch.a, ...batch.b].every((stride) => stride % 4 === 0);
}

/** The layout after `b` is copied to rows padded to vec4, and the walk of that copy. */
export function packedLayout(layout: MatmulLayout): { layout: MatmulLayout; walk: { extents: number[]; x: { strides: number[] }; y: { strides: number[] } }; size: number } {
  const { n, k, bRow, bCol, batch } = layout;
  const padded = Math.ceil(n / 4) * 4;
  let size = k * padded;
  const strides = batch.b.map(() => 0);
  for (let axis = strides.length - 1; axis >= 0; axis--) {
    if (batch.b[axis] === 0) continue;
    strides[axis] = size;
    size *= batch.extents[axis]!;
  }
  const own = batch.extents.map((_, axis) => axis).filter((axis) => batch.b[axis] !== 0);
  const walk = {
    extents: [...own.map((axis) => batch.extents[axis]!), k, n],
    x: { strides: [...own.map((axis) => batch.b[axis]!), bRow, bCol] },
    y: { strides: [...own.map((axis) => strides[axis]!), padded, 1] },
  };
  return { layout: { ...layout, bRow: padded, bCol: 1, batch: { ...batch, b: strides } }, walk, size };
}

/** k cut into `splits` parts that become the outermost batch axis: partial products, to be added in order. */
export function splitLayout(layout: MatmulLayout, splits: number): MatmulLayout {
  const k = layout.k / splits;
  const { extents, a, b } = layout.batch;
  return { ...layout, k, batch: { extents: [splits, ...extents], a: [k * layout.aCol, ...a], b: [k * layout.bRow, ...b] } };
}

export interface BatchWindow {
  batches: number;
  batch_inner: number;
  a_outer: number;
  a_inner: number;
  b_outer: number;
  b_inner: number;
  a_offset: number;
  b_offset: number;
  y_offset: number;
}

/** Kernels walk two batch axes; axes before those become one launch per index. */
export function batchWindows({ m, n, batch }: MatmulLayout): BatchWindow[] {
  const lead = Math.max(0, batch.extents.length - 2);
  const outer = batch.extents.length - 2;
  const inner = batch.extents.length - 1;
  const at = (values: readonly number[], axis: number, otherwise: number) => values[axis] ?? otherwise;
  const batches = at(batch.extents, outer, 1) * at(batch.extents, inner, 1);
  let offsets = [{ a: 0, b: 0 }];
  for (let axis = 0; axis < lead; axis++) {
    offsets = offsets.flatMap(({ a, b }) =>
      Array.from({ length: batch.extents[axis]! }, (_, i) => ({ a: a + i * batch.a[axis]!, b: b + i * batch.b[axis]! })),
    );
  }
  return offsets.map(({ a, b }, position) => ({
    batches,
    batch_inner: at(batch.extents, inner, 1),
    a_outer: at(batch.a, outer, 0),
    a_inner: at(batch.a, inner, 0),
    b_outer: at(batch.b, outer, 0),
    b_inner: at(batch.b, inner, 0),
    a_offset: a,
    b_offset: b,
    y_offset: position * batches * m * n,
  }));
}
