// The products of z = x Wᵀ + b and of its gradients. The leading axes of x and z are one axis of rows here.
import { columnSums } from "../kernels/column_sums.js";
import { linearBackwardBoth, makesBothGradients, type LinearBackwardEnding } from "../kernels/linear_backward.js";
import { matmul, matmulParts, partsOverK, type Finish } from "../kernels/matmul.js";
import type { GradientTargets } from "../tensor/tape.js";
import type { Tensor } from "../tensor/tensor.js";

export interface LinearSizes {
  rows: number;
  inputs: number;
  outputs: number;
}

/** x Wᵀ, ended as `finish` says. */
export function linearForward(x: Tensor, weight: Tensor, z: Tensor, { rows, inputs, outputs }: LinearSizes, finish: Finish): void {
  matmul(x.device, { a: x.buffer, b: weight.buffer, y: z.buffer }, { m: rows, n: outputs, k: inputs, transposeB: true }, finish);
}

/** Where dx goes, and how it ends. */
export interface InputGradient {
  to: Tensor;
  finish: LinearBackwardEnding["dx"];
}

/** Gathers the gradients of a node's inputs. Positions are null for inputs that the node does not have. */
export class LinearGradients {
  readonly parts: (Tensor | null)[];

  constructor(
    private readonly needs: readonly boolean[],
    private readonly targets: GradientTargets,
  ) {
    this.parts = needs.map(() => null);
  }

  wants(...positions: (number | null)[]): boolean {
    return positions.some((at) => at !== null && this.needs[at]);
  }

  /** The gradient of what is added to y, unless x has it already. */
  residual(dy: Tensor, at: number | null): void {
    if (this.wants(at) && !this.parts[at!]) this.parts[at!] = dy.view(dy.shape);
  }

  /** The gradient of input `at`, plus `more`, or plus what other uses of it have contributed; null where nobody wants it. */
  input(at: number, more: Tensor | null): InputGradient | null {
    if (!this.wants(at)) return null;
    const residual = more ?? this.targets.take(at);
    const to = (this.parts[at] = this.targets.empty(at));
    return { to, finish: residual ? { residual: residual.buffer } : {} };
  }

  /** Of z = x Wᵀ + b: dW = dzᵀ x and db = column sums of dz where they are wanted, and dx = dz W where it has a place to go. */
  layer(x: Tensor, dz: Tensor, weight: Tensor, sizes: LinearSizes, at: { weight: number; bias: number | null }, dx: InputGradient | null): void {
    const { device } = dz;
    const buffers = { dz: dz.buffer, w: weight.buffer, x: x.buffer };
    if (dx && this.wants(at.weight) && makesBothGradients(device, buffers, sizes)) {
      const { dWeight, finish } = this.weightTargets(at);
      return linearBackwardBoth(device, { ...buffers, dx: dx.to.buffer, dw: dWeight.buffer }, sizes, { dx: dx.finish, dw: finish });
    }
    this.weights(x, dz, sizes, at);
    const { rows, inputs, outputs } = sizes;
    if (dx) matmul(device, { a: dz.buffer, b: weight.buffer, y: dx.to.buffer }, { m: rows, n: inputs, k: outputs }, dx.finish);
  }

  private weights(x: Tensor, dz: Tensor, sizes: LinearSizes, at: { weight: number; bias: number | null }): void {
    const { device } = dz;
    const { rows, inputs, outputs } = sizes;
    const bias = this.wants(at.bias) ? at.bias : null;
    if (!this.wants(at.weight) || inputs === 0) {
      if (this.wants(at.weight)) this.parts[at.weight] = this.targets.empty(at.weight);
      if (bias === null) return;
      const y = (this.parts[bias] = this.targets.empty(bias));
      return columnSums(device, { x: dz.buffer, y: y.buffer }, { groups: 1, rows, cols: outputs });
    }
    const product = { m: outputs, n: inputs, k: rows, transposeA: true };
    const operands = { a: dz.buffer, b: x.buffer };
    const parts = partsOverK(device, operands, product);
    if (parts > 1) {
      const dWeight = this.targets.partials(at.weight, parts);
      const dBias = bias === null ? null : this.targets.partials(bias, parts);
      matmulParts(device, { ...operands, y: dWeight.memory.buffer }, product, parts, dBias ? { rowSums: { to: dBias.memory.buffer } } : {});
      this.parts[at.weight] = dWeight.sum;
      if (bias !== null) this.parts[bias] = dBias!.sum;
      return;
    }
    const { dWeight, finish } = this.weightTargets(at);
    matmul(device, { ...operands, y: dWeight.buffer }, product, finish);
  }

  /** Where dW and db go: added to what the leaf has, or written. */
  private weightTargets(at: { weight: number; bias: number | null }): { dWeight: Tensor; finish: LinearBackwardEnding["dw"] } {
    const held = this.targets.accumulated(at.weight);
    const dWeight = (this.parts[at.weight] = held ?? this.targets.empty(at.weight));
    const accumulate = held !== null;
    if (!this.wants(at.bias)) return { dWeight, finish: { accumulate } };
    const heldBias = this.targets.accumulated(at.bias!);
    const dBias = (this.parts[at.bias!] = heldBias ?? this.targets.empty(at.bias!));
    return { dWeight, finish: { accumulate, rowSums: { to: dBias.buffer, accumulate: heldBias !== null } } };
  }
}
