// Kernels that were measured to be the fastest for a product. They go before the table of matmul_choice.ts.
import type { Slice } from "../gpu/buffers.js";
import type { Device } from "../gpu/device.js";
import type { MatmulVariant } from "./matmul_choice.js";
import type { MatmulLayout } from "./matmul_layout.js";

/** A product that was launched: which of its operands are f16. */
export interface SeenProduct {
  layout: MatmulLayout;
  aHalf: boolean;
  bHalf: boolean;
}

type Choices = Map<string, MatmulVariant>;

const ofAdapters = new Map<string, Choices>();
const watched = new WeakMap<Device, Map<string, SeenProduct>>();

const keys = new WeakMap<Device, string>();

/** Adapters with the same one run the same kernels at the same speed, as far as WebGPU tells. */
export function adapterKey(device: Device): string {
  const key = keys.get(device) ?? describe(device);
  keys.set(device, key);
  return key;
}

function describe({ adapter, limits }: Device): string {
  const { name, vendor, architecture, subgroupMinSize, subgroupMaxSize } = adapter;
  const { maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup, maxStorageBufferBindingSize } = limits;
  const sizes = [subgroupMinSize, subgroupMaxSize, maxComputeWorkgroupStorageSize, maxComputeInvocationsPerWorkgroup, maxStorageBufferBindingSize];
  return [name, vendor, architecture, ...sizes].join(" / ");
}

/** "768x384x128, a 128 1, b 1 128": sizes, then the strides of each operand, those of batches behind them. */
export function productKey({ m, n, k, aRow, aCol, bRow, bCol, batch }: MatmulLayout, halves: boolean): string {
  const batches = batch.extents.map((extent, axis) => `, ${extent} times ${batch.a[axis]} ${batch.b[axis]}`).join("");
  return `${m}x${n}x${k}, a ${aRow} ${aCol}, b ${bRow} ${bCol}${batches}${halves ? ", f16" : ""}`;
}

/** What was measured on this adapter, by product. */
export function tunedChoices(device: Device): Choices {
  const key = adapterKey(device);
  let choices = ofAdapters.get(key);
  if (!choices) ofAdapters.set(key, (choices = new Map()));
  return choices;
}

/** Null where nobody measured it: the table decides. */
export function tunedVariant(device: Device, layout: MatmulLayout, halves: boolean): MatmulVariant | null {
  if (ofAdapters.size === 0) return null;
  return tunedChoices(device).get(productKey(layout, halves)) ?? null;
}

/** The products that `fn` launches, once each. */
export function productsOf(device: Device, fn: () => unknown): SeenProduct[] {
  const seen = new Map<string, SeenProduct>();
  watched.set(device, seen);
  try {
    fn();
  } finally {
    watched.delete(device);
  }
  return [...seen.values()];
}

export function seeProduct(device: Device, layout: MatmulLayout, a: Slice, b: Slice): void {
  const seen = watched.get(device);
  if (!seen) return;
  const product = { layout, aHalf: a.half === true, bHalf: b.half === true };
  seen.set(`${productKey(layout, false)} ${product.aHalf} ${product.bHalf}`, product);
}
