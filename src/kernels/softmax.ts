import softmaxBackwardShader from "../../shaders/softmax_backward.wgsl";
import softmaxForwardShader from "../../shaders/softmax_forward.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch } from "../gpu/launch.js";
import { rowForm, type RowSizes, type RowVariant } from "./row_form.js";

/** y = softmax of each row of x, or its logarithm. */
export function softmaxForward(device: Device, buffers: { x: Slice; y: Slice }, sizes: RowSizes, { log = false }: { log?: boolean } = {}, variant?: RowVariant): void {
  const form = rowForm(device, sizes, { variant });
  launch(device, softmaxForwardShader, {
    ...form.how,
    constants: { ...form.how.constants, LOG: log, KEEPS: !log && form.variant === "invocation" },
    buffers,
    params: { rows: form.rows, extent: form.extent, inner: form.inner },
    workgroups: form.workgroups,
  });
}

/** dx from the output y and its gradient dy. */
export function softmaxBackward(device: Device, buffers: { y: Slice; dy: Slice; dx: Slice }, sizes: RowSizes, { log = false }: { log?: boolean } = {}, variant?: RowVariant): void {
  const form = rowForm(device, sizes, { variant });
  launch(device, softmaxBackwardShader, {
    ...form.how,
    constants: { ...form.how.constants, LOG: log },
    buffers,
    params: { rows: form.rows, extent: form.extent, inner: form.inner },
    workgroups: form.workgroups,
  });
}
