// Scopes: what was made inside and not returned goes back to the pool.
import { UsageError } from "../errors.js";
import type { Tensor } from "./tensor.js";

const scopes: Set<Tensor>[] = [];

/** Called for every new tensor. */
export function registerInScope(tensor: Tensor): void {
  scopes[scopes.length - 1]?.add(tensor);
}

/**
 * Runs `fn` and disposes every tensor made inside, except those that it returns (alone, or in arrays and plain
 * objects) and those given to `keep`. What is returned belongs to the enclosing scope. Gradients of leaves survive.
 *
 * Throws: UsageError if `fn` is asynchronous: await outside, on what the scope returned.
 */
export function scope<T>(fn: () => T): T {
  const made = new Set<Tensor>();
  scopes.push(made);
  let result: T | undefined;
  try {
    result = fn();
    if (result instanceof Promise) {
      // The caller gets this error instead: a rejection that nobody awaits would end the process.
      result.catch(() => {});
      throw new UsageError("scope: the function returned a promise; await outside the scope, on what it returns");
    }
    const kept = tensorsIn(result);
    const enclosing = scopes[scopes.length - 2];
    for (const tensor of kept) {
      if (made.delete(tensor)) enclosing?.add(tensor);
    }
    return result;
  } finally {
    scopes.pop();
    for (const tensor of made) tensor.dispose();
  }
}

/** Runs `fn` outside of every scope: the tensors that it makes live until dispose(). */
export function unscoped<T>(fn: () => T): T {
  const outer = scopes.splice(0);
  try {
    return fn();
  } finally {
    scopes.push(...outer);
  }
}

/** Takes a tensor out of every open scope: it lives until dispose(). */
export function keep<T extends Tensor>(tensor: T): T {
  for (const made of scopes) made.delete(tensor);
  return tensor;
}

/** Those in lists and plain objects, at any depth. */
export function tensorsIn(value: unknown, found = new Set<Tensor>(), seen = new Set<object>()): Set<Tensor> {
  if (typeof value !== "object" || value === null || seen.has(value)) return found;
  seen.add(value);
  // Recognised by its fields: importing the class would close an import cycle.
  if ("isDisposed" in value && "dtype" in value) found.add(value as unknown as Tensor);
  else if (Array.isArray(value)) for (const part of value) tensorsIn(part, found, seen);
  else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const part of Object.values(value)) tensorsIn(part, found, seen);
  }
  return found;
}
