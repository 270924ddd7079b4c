// The products of z = x Wᵀ + b and of its gradients. The leading axes of x and z are one axis of rows here.
import { columnSums } from "../kernels/column_sums.js";
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

/** dz W, ended as `finish` says. */
export function linearBackward(dz: Tensor, weight: Tensor, dx: Tensor, { rows, inputs, outputs }: LinearSizes, finish: Finish): Tensor {
  matmul(dz.device, { a: dz.buffer, b: weight.buffer, y: dx.buffer }, { m: rows, n: inputs, k: outputs }, finish);
  return dx;
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

  /** The gradient of what is added to y, unless `x` has it already. */
  residual(dy: Tensor, at: number | null): void {
    if (this.wants(at) && !this.parts[at!]) this.parts[at!] = dy.view(dy.shape);
  }

  /** dx = dz W, plus `more`, or plus what other uses of x have contributed. */
  input(dz: Tensor, weight: Tensor, sizes: LinearSizes, at: number, more: Tensor | null): void {
    if (!this.wants(at)) return;
    const residual = more ?? this.targets.take(at);
    this.parts[at] = linearBackward(dz, weight, this.targets.empty(at), sizes, residual ? { residual: residual.buffer } : {});
  }

  /** dW = dzᵀ x, and by the same launch db = column sums of dz. */
  weights(x: Tensor, dz: Tensor, sizes: LinearSizes, at: { weight: number; bias: number | null }): void {
    const { rows, inputs, outputs } = sizes;
    const bias = this.wants(at.bias) ? at.bias : null;
    if (!this.wants(at.weight) || inputs === 0) {
      if (this.wants(at.weight)) this.parts[at.weight] = this.targets.empty(at.weight);
      if (bias === null) return;
      const y = (this.parts[bias] = this.targets.empty(bias));
      return columnSums(dz.device, { x: dz.buffer, y: y.buffer }, { groups: 1, rows, cols: outputs });
    }
    const product = { m: outputs, n: inputs, k: rows, transposeA: true };
    const operands = { a: dz.buffer, b: x.buffer };
    const held = this.targets.accumulated(at.weight);
    const parts = held ? 1 : partsOverK(dz.device, operands, product);
    if (parts > 1) {
      const dWeight = this.targets.partials(at.weight, parts);
      const dBias = bias === null ? null : this.targets.partials(bias, parts);
      matmulParts(dz.device, { ...operands, y: dWeight.memory.buffer }, product, parts, dBias ? { rowSums: { to: dBias.memory.buffer } } : {});
      this.parts[at.weight] = dWeight.sum;
      if (bias !== null) this.parts[bias] = dBias!.sum;
      return;
    }
    const heldBias = held && bias !== null ? this.targets.accumulated(bias) : null;
    const dWeight = (this.parts[at.weight] = held ?? this.targets.empty(at.weight));
    const dBias = bias === null ? null : (this.parts[bias] = heldBias ?? this.targets.empty(bias));
    matmul(dz.device, { ...operands, y: dWeight.buffer }, product, {
      accumulate: held !== null,
      ...(dBias && { rowSums: { to: dBias.buffer, accumulate: heldBias !== null } }),
    });
  }
}
