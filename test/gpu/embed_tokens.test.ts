import { describe, expect, it } from "vitest";
import { add } from "../../src/ops/binary.js";
import { fromArray, ones, zeros } from "../../src/ops/creation.js";
import { dropout } from "../../src/ops/dropout.js";
import { embedding, embedTokens } from "../../src/ops/embedding.js";
import { linear } from "../../src/ops/linear.js";
import { reshape } from "../../src/ops/reshape.js";
import { slice } from "../../src/ops/slice.js";
import { sum } from "../../src/ops/sum.js";
import { backward } from "../../src/tensor/backward.js";
import { Generator } from "../../src/tensor/random.js";
import { scope } from "../../src/tensor/scope.js";
import { noGrad } from "../../src/tensor/tape.js";
import type { Tensor } from "../../src/tensor/tensor.js";
import { embedTokensCases } from "../cases/embed_tokens.js";
import { testDevice } from "../support/device.js";
import { withoutLeak } from "../support/leak_check.js";
import { testRandom } from "../support/nd.js";
import { testCases } from "../support/op_cases.js";
import { compare } from "../support/tolerances.js";

testCases("embedTokens", embedTokensCases);

const [vocab, block, width, batch, seq] = [13, 10, 12, 3, 7];
const random = testRandom(71);
const draw = (length: number) => Array.from({ length }, () => random.normal());
const [tableValues, positionValues, cotangent] = [draw(vocab * width), draw(block * width), draw(batch * seq * width)];
const ids = Array.from({ length: batch * seq }, () => random.integer(vocab));

function leaves(device: Awaited<ReturnType<typeof testDevice>>) {
  return {
    weight: fromArray(device, tableValues, { shape: [vocab, width], requiresGrad: true }),
    positions: fromArray(device, positionValues, { shape: [block, width], requiresGrad: true }),
    tokens: fromArray(device, ids, { shape: [batch, seq], dtype: "i32" }),
    dy: fromArray(device, cotangent, { shape: [batch, seq, width] }),
  };
}

describe("embedTokens", () => {
  it.each([0, 0.4])("has the bits of embedding, add and dropout of %f, and takes one draw", (p) =>
    withoutLeak(async (device) => {
      const { weight, positions, tokens, dy } = leaves(device);
      const run = async (embed: (generator: Generator) => Tensor) => {
        const generator = new Generator(5);
        const y = scope(() => {
          const y = embed(generator);
          backward(y, { gradient: dy });
          return y;
        });
        const bits = [...(await y.data()), ...(await weight.grad!.data()), ...(await positions.grad!.data())];
        y.dispose();
        for (const leaf of [weight, positions]) {
          leaf.grad!.dispose();
          leaf.grad = null;
        }
        return { bits, state: generator.stateDict() };
      };
      const fused = await run((generator) => embedTokens(weight, positions, tokens, { offset: 2, dropout: { p, generator } }));
      const composed = await run((generator) => dropout(add(embedding(weight, tokens), slice(positions, 0, 2, 2 + seq)), { p, generator }));
      expect(fused).toEqual(composed);
      for (const tensor of [weight, positions, tokens, dy]) tensor.dispose();
    }),
  );

  it("takes one launch forward and two backward", async () => {
    const device = await testDevice();
    const { weight, positions, tokens, dy } = leaves(device);
    const launches = (work: () => void) => {
      const before = device.queue.counts.dispatches;
      work();
      return device.queue.counts.dispatches - before;
    };
    for (const p of [0, 0.5]) {
      let y: Tensor | undefined;
      expect(launches(() => (y = embedTokens(weight, positions, tokens, { dropout: { p, generator: new Generator(1) } })))).toBe(1);
      expect(launches(() => backward(y!, { gradient: dy }))).toBe(2);
      y!.dispose();
      expect(launches(() => noGrad(() => embedTokens(weight, positions, tokens)).dispose())).toBe(1);
    }
    for (const tensor of [weight, positions, tokens, dy]) tensor.dispose();
  });

  it("adds in place to the gradient of a tied head, and of an earlier backward", async () => {
    const device = await testDevice();
    const { weight, positions, tokens } = leaves(device);
    const model = () => scope(() => sum(linear(reshape(embedTokens(weight, positions, tokens), [batch * seq, width]), weight, null)));
    const gradients: Float64Array[] = [];
    for (let pass = 0; pass < 2; pass++) {
      scope(() => backward(model()));
      gradients.push(Float64Array.from(await weight.grad!.data()));
    }
    // y = sum over i and v of h_i . w_v with h_i = w[token i] + p[i % seq].
    const want = new Float64Array(vocab * width);
    const h = (i: number, c: number) => Math.fround(tableValues[ids[i]! * width + c]!) + Math.fround(positionValues[(i % seq) * width + c]!);
    for (let c = 0; c < width; c++) {
      let [allTokens, allRows] = [0, 0];
      for (let i = 0; i < ids.length; i++) allTokens += h(i, c);
      for (let v = 0; v < vocab; v++) allRows += Math.fround(tableValues[v * width + c]!);
      for (let v = 0; v < vocab; v++) want[v * width + c]! += allTokens;
      for (const token of ids) want[token * width + c]! += allRows;
    }
    gradients.forEach((got, pass) => {
      const { worst, message } = compare(got, want.map((value) => value * (pass + 1)), "gradient");
      expect(worst, message).toBeLessThanOrEqual(1);
    });
    for (const tensor of [weight, positions, tokens]) tensor.dispose();
  });

  it("gives each table its gradient where the other wants none", async () => {
    const device = await testDevice();
    const { weight, positions, tokens, dy } = leaves(device);
    for (const [wanted, other] of [[weight, positions], [positions, weight]] as const) {
      wanted.requiresGrad = true;
      other.requiresGrad = false;
      scope(() => backward(embedTokens(weight, positions, tokens), { gradient: dy }));
      expect((await wanted.grad!.data()).some((value) => value !== 0)).toBe(true);
      expect(other.grad).toBeNull();
      wanted.grad!.dispose();
      wanted.grad = null;
    }
    for (const tensor of [weight, positions, tokens, dy]) tensor.dispose();
  });

  it("throws at the next read for a token out of range, which adds to no row", async () => {
    const device = await testDevice();
    using weight = ones(device, [4, 2], { requiresGrad: true });
    using positions = ones(device, [3, 2]);
    using tokens = fromArray(device, [1, 4, -1], { dtype: "i32" });
    using y = embedTokens(weight, positions, tokens);
    await expect(y.data()).rejects.toThrow("embedTokens: index out of range, got 4 at position 1; use 0 to 3");
    expect([...(await y.data())]).toEqual([2, 2, 1, 1, 1, 1]);
    using dy = ones(device, [3, 2]);
    backward(y, { gradient: dy });
    expect([...(await weight.grad!.data())]).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  });

  it("refuses what it cannot take, and draws nothing then", async () => {
    const device = await testDevice();
    using weight = ones(device, [4, 2]);
    using positions = ones(device, [3, 2]);
    using wide = ones(device, [3, 5]);
    using tokens = zeros(device, [2, 3], { dtype: "i32" });
    using scalar = zeros(device, [], { dtype: "i32" });
    const generator = new Generator(3);
    const options = { dropout: { p: 0.5, generator } };
    expect(() => embedTokens(weight, positions, weight, options)).toThrow("embedTokens: tokens must be i32 or u32, got f32");
    expect(() => embedTokens(weight, positions, scalar, options)).toThrow("embedTokens: tokens must have at least 1 dimensions, got []");
    expect(() => embedTokens(weight, tokens, tokens, options)).toThrow("embedTokens: positions must be f32, got i32");
    expect(() => embedTokens(weight, wide, tokens, options)).toThrow("embedTokens: weight and positions must have rows of one width, got [4, 2] and [3, 5]");
    expect(() => embedTokens(weight, positions, tokens, { ...options, offset: 1 })).toThrow("embedTokens: positions end at 3, got offset 1 and tokens [2, 3]");
    expect(() => embedTokens(weight, positions, tokens, { ...options, offset: 0.5 })).toThrow("embedTokens: offset must be a whole number");
    expect(() => embedTokens(weight, positions, tokens, { ...options, start: 1 } as never)).toThrow('embedTokens: unknown option "start"');
    expect(() => embedTokens(weight, positions, tokens, { dropout: { p: 2, generator } })).toThrow("embedTokens: p must be");
    expect(generator.stateDict().offset).toBe(0);
  });
});
