// The ONNX backend test suite: every case that Kiln's ops can express, at rtol 1e-4 and atol 1e-5.
import { afterAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../src/tensor/tensor.js";
import { testDevice } from "../support/device.js";
import { hostValues, onnxFiles, readOnnxCases, type OnnxCase } from "../support/onnx/cases.js";
import { contextOf, OutOfScope, runOperator } from "../support/onnx/operators.js";
import { compare } from "../support/tolerances.js";

const ran: string[] = [];
const passed: string[] = [];
const outOfScope = new Map<string, number>();

for (const file of onnxFiles) {
  const cases = readOnnxCases(file);
  describe.skipIf(cases === null)(`onnx ${file}`, () => {
    for (const one of cases ?? []) it(one.case, () => runCase(one));
  });
}

const present = readOnnxCases("softmax") !== null;

// Declared last, so it runs last.
describe.skipIf(!present)("onnx summary", () => {
  it("ran at least 300 of the 614 cases", () => expect(ran.length).toBeGreaterThanOrEqual(300));
});

afterAll(() => {
  if (!present) return;
  const left = [...outOfScope].sort((a, b) => b[1] - a[1]);
  const skipped = left.reduce((sum, [, count]) => sum + count, 0);
  console.log(
    [`onnx on ${process.env.KILN_ADAPTER}: ${ran.length} ran, ${passed.length} passed, ${skipped} out of scope:`, ...left.map(([why, count]) => `  ${count} ${why}`)].join("\n"),
  );
});

async function runCase(one: OnnxCase): Promise<void> {
  const device = await testDevice();
  let outputs: (Tensor | null)[];
  try {
    outputs = await runOperator(contextOf(device, one));
  } catch (error) {
    if (!(error instanceof OutOfScope)) throw (ran.push(one.case), error);
    outOfScope.set(error.message, (outOfScope.get(error.message) ?? 0) + 1);
    return;
  }
  ran.push(one.case);
  for (const [i, output] of outputs.entries()) {
    const want = one.outputs[i];
    if (!output || !want) continue;
    expect(output.shape, `shape of output ${i}`).toEqual(want.shape);
    const result = compare(await output.data(), hostValues(want), "onnx");
    expect(result.worst, `output ${i}, ${result.message}`).toBeLessThanOrEqual(1);
  }
  passed.push(one.case);
}
