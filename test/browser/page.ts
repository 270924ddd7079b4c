import { fromArray, softmax } from "../../src/ops/index.js";
import { openDevice } from "../../src/gpu/open_device.js";
Object.assign(globalThis, { kilnTest: async () => { const d = await openDevice(); const y = await softmax(fromArray(d,[1,2,3])).data(); const name = d.adapter.name; d.close(); return {name, y: [...y]}; } });
