// Windows that slide over one or two axes: options of convolutions and pools. Pure.
import { ShapeError, UsageError } from "../errors.js";
import { checkNumber } from "../options.js";

/** One value for each axis, or one for all. */
export type Extent = number | readonly number[];

/** [y, x]. A 1-D window has `axes` 1 and gets `otherwise` for y. */
export function pairOf(op: string, name: string, value: Extent, axes: 1 | 2, min: number, otherwise: number): [number, number] {
  const list = typeof value === "number" ? new Array<number>(axes).fill(value) : value;
  if (!Array.isArray(list) || list.length !== axes) {
    throw new UsageError(`${op}: ${name} must be a number${axes === 2 ? " or [y, x]" : ""}, got ${JSON.stringify(value)}`);
  }
  for (const one of list) checkNumber(op, name, one, { min, integer: true });
  return axes === 2 ? [list[0]!, list[1]!] : [otherwise, list[0]!];
}

export interface Window {
  kernel: readonly [number, number];
  stride: readonly [number, number];
  padding: readonly [number, number];
  dilation: readonly [number, number];
}

/** How many places the window has along each axis of [height, width]. Throws where it has none. */
export function outputExtents(op: string, extents: readonly [number, number], { kernel, stride, padding, dilation }: Window, ceilMode = false): [number, number] {
  const along = (axis: 0 | 1): number => {
    const reach = (kernel[axis] - 1) * dilation[axis] + 1;
    const room = extents[axis] + 2 * padding[axis] - reach;
    if (room < 0) {
      throw new ShapeError(
        `${op}: the kernel is larger than the padded input, got ${reach} over ${extents[axis]} + 2 x ${padding[axis]}; use a smaller kernel, dilation, or more padding`,
      );
    }
    const places = (ceilMode ? Math.ceil(room / stride[axis]) : Math.floor(room / stride[axis])) + 1;
    // With ceilMode the last window must still start inside the input or the padding before it.
    return ceilMode && (places - 1) * stride[axis] >= extents[axis] + padding[axis] ? places - 1 : places;
  };
  return [along(0), along(1)];
}
