import type { Jax, JaxArray } from "./load.js";

/** By comparison, which jit fuses into what uses it; nn.oneHot gathers from an identity matrix of classes x classes. */
export function oneHot(np: Jax["numpy"], indices: JaxArray, classes: number): JaxArray {
  return indices.reshape([-1, 1]).equal(np.arange(classes)).astype(np.float32);
}
