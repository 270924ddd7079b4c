// Reads what a captured step is fed. From step to step only the values change, and then only they are read again.
import type { Device } from "../gpu/device.js";
import type { Shape } from "../shape.js";
import { isGradEnabled } from "../tensor/tape.js";
import { Tensor } from "../tensor/tensor.js";
import { leavesOf, signatureOf, type HostArray, type Leaf } from "./feed.js";

/** Where the leaves lie in a feed: at this place, or under these names or indices. */
type Layout = Leaf | { names: readonly string[]; parts: readonly Part[]; isList: boolean };
/** More leaves, the shape of those beside it, or nothing. */
type Part = Layout | Shape | undefined;

export interface Feed {
  leaves: readonly Leaf[];
  signature: string;
}

export class FeedReader {
  private last: (Feed & { layout: Layout; isGradEnabled: boolean }) | null = null;

  constructor(private readonly device: Device) {}

  /** Throws as `leavesOf`. The leaves are good until the next call. */
  read(feed: unknown): Feed {
    const { last } = this;
    if (last && last.isGradEnabled === isGradEnabled() && refill(last.layout, feed)) return last;
    const leaves = leavesOf(feed, this.device);
    const read = { leaves, signature: signatureOf(leaves) };
    // Tensors must be looked at anew in each call.
    const isPlain = leaves.length > 0 && leaves.every(({ value }) => !(value instanceof Tensor));
    this.last = isPlain ? { ...read, layout: layoutOf(feed, leaves, []), isGradEnabled: isGradEnabled() } : null;
    return read;
  }
}

function layoutOf(value: unknown, leaves: readonly Leaf[], path: readonly (string | number)[]): Layout {
  const leaf = leaves.find((candidate) => candidate.path.length === path.length && candidate.path.every((step, i) => step === path[i]));
  if (leaf) return leaf;
  const isList = Array.isArray(value);
  const names = Object.keys(value as object);
  const parts = names.map((name): Part => {
    const part = (value as Record<string, unknown>)[name];
    const inner = [...path, isList ? Number(name) : name];
    if (leaves.some((leaf) => inner.every((step, i) => step === leaf.path[i]))) return layoutOf(part, leaves, inner);
    return part === undefined ? undefined : [...(part as Shape)];
  });
  return { names, parts, isList };
}

/** Takes over the values of a feed of this layout. False for another, with some of the values perhaps taken over. */
function refill(layout: Part, value: unknown): boolean {
  if (layout === undefined) return value === undefined;
  if (Array.isArray(layout)) return isShape(layout as Shape, value);
  const place = layout as Layout;
  if ("path" in place) return refillLeaf(place, value);
  if (typeof value !== "object" || value === null || Array.isArray(value) !== place.isList) return false;
  const { names, parts } = place;
  let found = 0;
  for (const name in value) {
    if (names[found] !== name || !refill(parts[found], (value as Record<string, unknown>)[name])) return false;
    found++;
  }
  return found === names.length;
}

function refillLeaf(leaf: Leaf, value: unknown): boolean {
  const before = leaf.value as HostArray | number;
  const isSame = typeof before === "number" ? typeof value === "number" : (value as object | null)?.constructor === before.constructor && (value as HostArray).length === before.length;
  if (isSame) leaf.value = value as HostArray | number;
  return isSame;
}

function isShape(shape: Shape, value: unknown): boolean {
  return Array.isArray(value) && value.length === shape.length && shape.every((size, axis) => value[axis] === size);
}
