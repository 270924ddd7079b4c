import { setFlagsFromString } from "node:v8";

/**
 * Keeps the garbage collector's young generation at its first size. Dawn's binding makes garbage whenever it waits for the GPU, none of which
 * survives, and V8 answers with 30 MB of memory for it.
 */
export function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
}
