import norm1Vjp from "../../shaders/reduce/vjp/norm_1.wgsl";
import norm2Vjp from "../../shaders/reduce/vjp/norm_2.wgsl";
import normInfinityVjp from "../../shaders/reduce/vjp/norm_infinity.wgsl";
import squareDeviationVjp from "../../shaders/reduce/vjp/square_deviation.wgsl";
import reduceBackwardShader from "../../shaders/reduce_backward.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch, workgroupsFor } from "../gpu/launch.js";
import { collapseAxes, reducedShape, sizeOf, stridesOf, type Shape } from "../shape.js";
import { axisParams } from "./strided_copy.js";

const vjps = {
  /** max and min: the kernel's own function. */
  extremum: null,
  square_deviation: squareDeviationVjp,
  norm_1: norm1Vjp,
  norm_2: norm2Vjp,
  norm_infinity: normInfinityVjp,
};

export interface ReduceBackwardSpec {
  op: string;
  vjp: keyof typeof vjps;
  shape: Shape;
  axes: readonly number[];
  scale?: number;
}

/** dx from x, the outputs' values s (extremum, mean or norm), their gradients dy, and how many elements tied for each. */
export function reduceBackward(device: Device, buffers: { x: Slice; s: Slice; dy: Slice; ties?: Slice; dx: Slice }, spec: ReduceBackwardSpec): void {
  const { x, s, dy, ties = s, dx } = buffers;
  const outputStrides = stridesOf(reducedShape(spec.shape, spec.axes, true));
  const { extents, strides } = collapseAxes(spec.shape, [
    stridesOf(spec.shape),
    outputStrides.map((stride, axis) => (spec.axes.includes(axis) ? 0 : stride)),
  ]);
  const size = sizeOf(extents);
  const functions = vjps[spec.vjp];
  launch(device, reduceBackwardShader, {
    buffers: { x, s, dy, ties, dx },
    params: { size, scale: spec.scale ?? 1, x_offset: 0, y_offset: 0, ...axisParams(spec.op, extents, strides[0]!, strides[1]!) },
    constants: { RANK: extents.length },
    ...(functions ? { functions } : {}),
    workgroups: workgroupsFor(size, 64),
  });
}
