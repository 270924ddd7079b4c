// jax-js, loaded on demand and given the adapter that Kiln found.
import { UsageError } from "../../../errors.js";

export type Jax = typeof import("@jax-js/jax");
export type JaxArray = import("@jax-js/jax").Array;

/** The version that the rows name; package.json pins it. */
export const jaxVersion = "0.1.25";

export async function importJax(): Promise<Jax> {
  provideIteratorHelpers();
  try {
    return await import("@jax-js/jax");
  } catch (error) {
    throw new UsageError(`kiln bench --peers: needs the package @jax-js/jax, which is not installed; npm install @jax-js/jax@${jaxVersion}`, { cause: error });
  }
}

/** jax-js's einsum chains `map` and `filter` on an iterator, which Node has from version 22 on. */
function provideIteratorHelpers(): void {
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) as object;
  if ("map" in prototype) return;
  const helpers = {
    *map<T, U>(this: Iterable<T>, fn: (value: T) => U) {
      for (const value of this) yield fn(value);
    },
    *filter<T>(this: Iterable<T>, keep: (value: T) => boolean) {
      for (const value of this) if (keep(value)) yield value;
    },
  };
  for (const [name, value] of Object.entries(helpers)) Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
}
