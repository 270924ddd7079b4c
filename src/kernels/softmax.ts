import softmaxBackwardShader from "../../shaders/softmax_backward.wgsl";
import softmaxBackwardWorkgroupShader from "../../shaders/softmax_backward_workgroup.wgsl";
import softmaxForwardShader from "../../shaders/softmax_forward.wgsl";
import softmaxForwardWorkgroupShader from "../../shaders/softmax_forward_workgroup.wgsl";
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import { launch } from "../gpu/launch.js";
import { rowForm, type RowSizes, type RowVariant } from "./row_form.js";

/** y = softmax of each row of x, or its logarithm. */
export function softmaxForward(device: Device, buffers: { x: Slice; y: Slice }, sizes: RowSizes, { log = false }: { log?: boolean } = {}, variant?: RowVariant): void {
  const form = rowForm(device, sizes, { variant });
  launch(device, form.variant === "workgroup" ? softmaxForwardWorkgroupShader : softmaxForwardShader, {
    ...form.how,
    constants: { LOG: log },
    buffers,
    params: { rows: form.rows, extent: form.extent, inner: form.inner },
    workgroups: form.workgroups,
  });
}

/** dx from the output y and its gradient dy. */
export function softmaxBackward(device: Device, buffers: { y: Slice; dy: Slice; dx: Slice }, sizes: RowSizes, { log = false }: { log?: boolean } = {}, variant?: RowVariant): void {
  const form = rowForm(device, sizes, { variant });
  launch(device, form.variant === "workgroup" ? softmaxBackwardWorkgroupShader : softmaxBackwardShader, {
    ...form.how,
    constants: { LOG: log },
    buffers,
    params: { rows: form.rows, extent: form.extent, inner: form.inner },
    workgroups: form.workgroups,
  });
}
