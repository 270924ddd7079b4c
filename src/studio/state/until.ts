import { effect } from "@preact/signals";

/** Answers and events of the worker come by different ways: what a call has changed may be told after its answer. */
export function until(told: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const end = effect(() => {
      if (told()) queueMicrotask(() => (end(), resolve()));
    });
  });
}
