import { afterAll, beforeAll, describe } from "vitest";
import type { AdapterClass } from "../../src/gpu/adapter.js";
import { testDevice } from "./device.js";

/** Runs what it declares as if the adapter were of a class, whatever it is. */
export function onClass(adapterClass: AdapterClass, declare: () => void): void {
  describe(`kernels for ${adapterClass}`, () => {
    const setClass = async (value: AdapterClass): Promise<AdapterClass> => {
      const adapter = (await testDevice()).adapter as { class: AdapterClass };
      const before = adapter.class;
      adapter.class = value;
      return before;
    };
    let own: AdapterClass;
    beforeAll(async () => void (own = await setClass(adapterClass)));
    afterAll(async () => void (await setClass(own)));
    declare();
  });
}
