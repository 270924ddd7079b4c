// Operations in jax-js, each jitted with its backward: kernels fused by its compiler.
import { swappedMiddle, type HostArray } from "../../specs/host.js";
import type { KernelShape, KernelSpec } from "../../specs/kernels.js";
import { JaxContender } from "./contender.js";
import type { Jax, JaxArray } from "./load.js";
import { oneHot } from "./one_hot.js";

type Fn = (...inputs: JaxArray[]) => JaxArray;

export function jaxKernel(jax: Jax, spec: KernelSpec): JaxContender {
  const { numpy: np, jit, vjp } = jax;
  const { shape } = spec;
  // Its attention wants positions before heads: the data are laid out so, as a program that uses it would.
  const array = ({ data, shape: own }: HostArray) =>
    shape.op === "attention" ? np.array(swappedMiddle(data, own), { shape: swapped(own) }) : np.array(data, { shape: [...own] });
  const inputs = Object.values(spec.inputs).map(array);
  const fixed = [...(spec.indices ? [np.array(spec.indices.data)] : []), ...(spec.dy ? [array(spec.dy)] : [])];
  const fn = functionOf(jax, shape);
  const count = inputs.length;

  const whole = (...args: JaxArray[]): JaxArray[] => {
    const primals = args.slice(0, count);
    const [indices, dy] = spec.indices ? [args[count]!, args[count + 1]] : [null, args[count]];
    const bound = ((...own: JaxArray[]) => fn(...own, ...(indices ? [indices.ref] : []))) as Fn;
    if (!shape.backward) {
      const y = bound(...primals);
      indices?.dispose();
      return [y];
    }
    const [y, pullback] = vjp(bound, primals as never);
    const gradients = pullback((dy ?? np.ones([])) as never) as unknown as JaxArray[];
    pullback.dispose();
    indices?.dispose();
    return [y, ...gradients];
  };
  const readable = shape.op === "attention" ? (data: Float32Array) => swappedMiddle(data, [shape.batch, shape.seq, shape.heads, shape.headDim]) : undefined;
  return new JaxContender(jax, jit(whole as never) as never, [...inputs, ...fixed], readable);
}

const swapped = ([a, b, c, d]: readonly number[]) => [a!, c!, b!, d!];

/** Takes the inputs, then the indices where there are any. */
function functionOf({ numpy: np, nn, random }: Jax, shape: KernelShape): Fn {
  switch (shape.op) {
    case "matmul":
      return (a, b) => np.matmul(shape.transposeA ? a!.transpose() : a!, shape.transposeB ? b!.transpose() : b!);
    case "layerNorm":
      return (x, weight, bias) => nn.standardize(x!, -1, { epsilon: 1e-5 }).mul(weight!).add(bias!);
    case "batchNorm":
      return (x, weight, bias) => nn.standardize(x!, 0, { epsilon: 1e-5 }).mul(weight!).add(bias!);
    case "crossEntropy":
      return (logits, targets) => nn.logSoftmax(logits!).mul(oneHot(np, targets!, shape.classes)).sum().mul(-1 / shape.rows);
    case "attention":
      return (q, k, v) => nn.dotProductAttention(q!, k!, v!, { isCausal: true });
    case "embedding":
      // For a small table a product with one-hot rows is faster than a gather, whose gradient is a scatter.
      return shape.vocab <= 1024 ? (weight, tokens) => np.matmul(oneHot(np, tokens!, shape.vocab), weight!) : (weight, tokens) => weight!.slice(tokens!);
    case "dropout":
      return (x) => np.where(random.bernoulli(random.key(1), 1 - shape.p, [shape.size]), x!.mul(1 / (1 - shape.p)), 0);
  }
}
