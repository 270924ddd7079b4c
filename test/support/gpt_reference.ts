// A GPT in float64 with plain loops: forward, loss, backward by hand, and AdamW. Shares no code with src.
import { testRandom } from "./nd.js";

export interface ReferenceConfig {
  layers: number;
  heads: number;
  width: number;
  block: number;
  vocab: number;
  tied: boolean;
  activation: "gelu" | "gelu_tanh" | "relu";
  norm: "pre" | "post";
}

export interface Batch {
  batch: number;
  seq: number;
  tokens: Int32Array;
  targets: Int32Array;
}

export type Values = Map<string, Float64Array>;

/** Name and shape of every parameter, as nanoGPT names them. */
export function parameterShapes({ layers, width, block, vocab, tied, norm }: ReferenceConfig): [string, number[]][] {
  const linear = (name: string, outputs: number, inputs: number): [string, number[]][] => [[`${name}.weight`, [outputs, inputs]], [`${name}.bias`, [outputs]]];
  const layerNorm = (name: string): [string, number[]][] => [[`${name}.weight`, [width]], [`${name}.bias`, [width]]];
  const blocks = Array.from({ length: layers }, (_, i) => `transformer.h.${i}`).flatMap((name) => [
    ...layerNorm(`${name}.ln_1`),
    ...linear(`${name}.attn.c_attn`, 3 * width, width),
    ...linear(`${name}.attn.c_proj`, width, width),
    ...layerNorm(`${name}.ln_2`),
    ...linear(`${name}.mlp.c_fc`, 4 * width, width),
    ...linear(`${name}.mlp.c_proj`, width, 4 * width),
  ]);
  return [
    ["transformer.wte.weight", [vocab, width]],
    ["transformer.wpe.weight", [block, width]],
    ...blocks,
    ...(norm === "pre" ? layerNorm("transformer.ln_f") : []),
    ...(tied ? [] : [["lm_head.weight", [vocab, width]] as [string, number[]]]),
  ];
}

/** Parameters that exercise everything: no zero bias, no unit norm weight. Rounded to f32, as the GPU gets them. */
export function drawParameters(config: ReferenceConfig, seed: number): Values {
  const random = testRandom(seed);
  return new Map(
    parameterShapes(config).map(([name, shape]) => {
      const isNormWeight = /ln_[12f]\.weight$/.test(name);
      const std = shape.length === 2 ? 1 / Math.sqrt(shape[1]!) : 0.1;
      const size = shape.reduce((product, extent) => product * extent, 1);
      return [name, Float64Array.from({ length: size }, () => Math.fround((isNormWeight ? 1 : 0) + std * random.normal()))];
    }),
  );
}

export function drawBatch(config: ReferenceConfig, batch: number, seq: number, seed: number): Batch {
  const random = testRandom(seed);
  const draw = () => Int32Array.from({ length: batch * seq }, () => random.integer(config.vocab));
  return { batch, seq, tokens: draw(), targets: draw() };
}

/** A value and the way back: from its gradient to that of the input. Parameter gradients are added on the way. */
interface Node {
  y: Float64Array;
  back(dy: Float64Array): Float64Array;
}

class Pass {
  readonly gradients: Values = new Map();
  /** Of each layer, [batch, heads, seq, seq]. */
  readonly attentionWeights: Float64Array[] = [];

  constructor(
    private readonly config: ReferenceConfig,
    private readonly parameters: Values,
  ) {
    for (const [name, values] of parameters) this.gradients.set(name, new Float64Array(values.length));
  }

  private of(name: string): { w: Float64Array; dw: Float64Array } {
    return { w: this.parameters.get(name)!, dw: this.gradients.get(name)! };
  }

  /** y = x w^T + b over rows of x. */
  linear(name: string, x: Float64Array, inputs: number, outputs: number, hasBias: boolean): Node {
    const { w, dw } = this.of(`${name}.weight`);
    const bias = hasBias ? this.of(`${name}.bias`) : null;
    const rows = x.length / inputs;
    const y = new Float64Array(rows * outputs);
    for (let r = 0; r < rows; r++)
      for (let o = 0; o < outputs; o++) {
        let sum = bias ? bias.w[o]! : 0;
        for (let i = 0; i < inputs; i++) sum += x[r * inputs + i]! * w[o * inputs + i]!;
        y[r * outputs + o] = sum;
      }
    const back = (dy: Float64Array) => {
      const dx = new Float64Array(x.length);
      for (let r = 0; r < rows; r++)
        for (let o = 0; o < outputs; o++) {
          const d = dy[r * outputs + o]!;
          if (bias) bias.dw[o]! += d;
          for (let i = 0; i < inputs; i++) {
            dx[r * inputs + i]! += d * w[o * inputs + i]!;
            dw[o * inputs + i]! += d * x[r * inputs + i]!;
          }
        }
      return dx;
    };
    return { y, back };
  }

  layerNorm(name: string, x: Float64Array): Node {
    const { width } = this.config;
    const { w, dw } = this.of(`${name}.weight`);
    const bias = this.of(`${name}.bias`);
    const rows = x.length / width;
    const y = new Float64Array(x.length);
    const normal = new Float64Array(x.length);
    const inverse = new Float64Array(rows);
    for (let r = 0; r < rows; r++) {
      const row = x.subarray(r * width, (r + 1) * width);
      const mean = row.reduce((sum, value) => sum + value, 0) / width;
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / width;
      inverse[r] = 1 / Math.sqrt(variance + 1e-5);
      for (let i = 0; i < width; i++) {
        normal[r * width + i] = (row[i]! - mean) * inverse[r]!;
        y[r * width + i] = normal[r * width + i]! * w[i]! + bias.w[i]!;
      }
    }
    const back = (dy: Float64Array) => {
      const dx = new Float64Array(x.length);
      for (let r = 0; r < rows; r++) {
        let sum = 0;
        let dot = 0;
        for (let i = 0; i < width; i++) {
          const at = r * width + i;
          dw[i]! += dy[at]! * normal[at]!;
          bias.dw[i]! += dy[at]!;
          sum += dy[at]! * w[i]!;
          dot += dy[at]! * w[i]! * normal[at]!;
        }
        for (let i = 0; i < width; i++) {
          const at = r * width + i;
          dx[at] = inverse[r]! * (dy[at]! * w[i]! - sum / width - (normal[at]! * dot) / width);
        }
      }
      return dx;
    };
    return { y, back };
  }

  activation(x: Float64Array): Node {
    const { value, slope } = activations[this.config.activation];
    return { y: x.map(value), back: (dy) => dy.map((d, i) => d * slope(x[i]!)) };
  }

  /** Causal attention of packed rows [q | k | v]. */
  attention(qkv: Float64Array, batch: number, seq: number): Node {
    const { heads, width } = this.config;
    const size = width / heads;
    const scale = 1 / Math.sqrt(size);
    const at = (b: number, t: number, part: number, h: number) => (b * seq + t) * 3 * width + part * width + h * size;
    const weights = new Float64Array(batch * heads * seq * seq);
    const y = new Float64Array(batch * seq * width);
    for (let b = 0; b < batch; b++)
      for (let h = 0; h < heads; h++)
        for (let t = 0; t < seq; t++) {
          const row = weights.subarray(((b * heads + h) * seq + t) * seq, ((b * heads + h) * seq + t + 1) * seq);
          for (let s = 0; s <= t; s++) {
            let score = 0;
            for (let i = 0; i < size; i++) score += qkv[at(b, t, 0, h) + i]! * qkv[at(b, s, 1, h) + i]!;
            row[s] = score * scale;
          }
          softmaxInPlace(row.subarray(0, t + 1));
          for (let s = 0; s <= t; s++)
            for (let i = 0; i < size; i++) y[(b * seq + t) * width + h * size + i]! += row[s]! * qkv[at(b, s, 2, h) + i]!;
        }
    this.attentionWeights.push(weights);
    const back = (dy: Float64Array) => {
      const dqkv = new Float64Array(qkv.length);
      for (let b = 0; b < batch; b++)
        for (let h = 0; h < heads; h++)
          for (let t = 0; t < seq; t++) {
            const row = weights.subarray(((b * heads + h) * seq + t) * seq, ((b * heads + h) * seq + t + 1) * seq);
            const dweight = new Float64Array(t + 1);
            const out = (b * seq + t) * width + h * size;
            for (let s = 0; s <= t; s++)
              for (let i = 0; i < size; i++) {
                dweight[s]! += dy[out + i]! * qkv[at(b, s, 2, h) + i]!;
                dqkv[at(b, s, 2, h) + i]! += row[s]! * dy[out + i]!;
              }
            const mean = dweight.reduce((sum, d, s) => sum + d * row[s]!, 0);
            for (let s = 0; s <= t; s++) {
              const dscore = row[s]! * (dweight[s]! - mean) * scale;
              for (let i = 0; i < size; i++) {
                dqkv[at(b, t, 0, h) + i]! += dscore * qkv[at(b, s, 1, h) + i]!;
                dqkv[at(b, s, 1, h) + i]! += dscore * qkv[at(b, t, 0, h) + i]!;
              }
            }
          }
      return dqkv;
    };
    return { y, back };
  }

  attentionHalf(name: string, x: Float64Array, batch: number, seq: number): Node {
    const { width } = this.config;
    const qkv = this.linear(`${name}.c_attn`, x, width, 3 * width, true);
    const mixed = this.attention(qkv.y, batch, seq);
    const out = this.linear(`${name}.c_proj`, mixed.y, width, width, true);
    return { y: out.y, back: (dy) => qkv.back(mixed.back(out.back(dy))) };
  }

  mlpHalf(name: string, x: Float64Array): Node {
    const { width } = this.config;
    const hidden = this.linear(`${name}.c_fc`, x, width, 4 * width, true);
    const active = this.activation(hidden.y);
    const out = this.linear(`${name}.c_proj`, active.y, 4 * width, width, true);
    return { y: out.y, back: (dy) => hidden.back(active.back(out.back(dy))) };
  }

  /** pre: x + f(norm(x)); post: norm(x + f(x)). */
  residual(norm: string, x: Float64Array, f: (x: Float64Array) => Node): Node {
    if (this.config.norm === "pre") {
      const normed = this.layerNorm(norm, x);
      const branch = f(normed.y);
      return { y: sum(x, branch.y), back: (dy) => sum(dy, normed.back(branch.back(dy))) };
    }
    const branch = f(x);
    const normed = this.layerNorm(norm, sum(x, branch.y));
    return {
      y: normed.y,
      back: (dy) => {
        const d = normed.back(dy);
        return sum(d, branch.back(d));
      },
    };
  }

  embed({ batch, seq, tokens }: Batch): Node {
    const { width } = this.config;
    const token = this.of("transformer.wte.weight");
    const position = this.of("transformer.wpe.weight");
    const y = new Float64Array(batch * seq * width);
    const each = (visit: (at: number, tokenAt: number, positionAt: number) => void) => {
      for (let row = 0; row < batch * seq; row++)
        for (let i = 0; i < width; i++) visit(row * width + i, tokens[row]! * width + i, (row % seq) * width + i);
    };
    each((at, t, p) => (y[at] = token.w[t]! + position.w[p]!));
    const back = (dy: Float64Array) => {
      each((at, t, p) => {
        token.dw[t]! += dy[at]!;
        position.dw[p]! += dy[at]!;
      });
      return dy;
    };
    return { y, back };
  }

  head(x: Float64Array): Node {
    const { width, vocab, tied } = this.config;
    return this.linear(tied ? "transformer.wte" : "lm_head", x, width, vocab, false);
  }
}

/** Logits [batch, seq, vocab], mean cross-entropy, the gradient of every parameter, and where each layer looks. */
export function runReference(config: ReferenceConfig, parameters: Values, batch: Batch): { logits: Float64Array; loss: number; gradients: Values; attentionWeights: Float64Array[] } {
  const pass = new Pass(config, parameters);
  const chain: Node[] = [pass.embed(batch)];
  const x = () => chain[chain.length - 1]!.y;
  for (let layer = 0; layer < config.layers; layer++) {
    const name = `transformer.h.${layer}`;
    chain.push(pass.residual(`${name}.ln_1`, x(), (h) => pass.attentionHalf(`${name}.attn`, h, batch.batch, batch.seq)));
    chain.push(pass.residual(`${name}.ln_2`, x(), (h) => pass.mlpHalf(`${name}.mlp`, h)));
  }
  if (config.norm === "pre") chain.push(pass.layerNorm("transformer.ln_f", x()));
  chain.push(pass.head(x()));
  const logits = x();

  const { vocab } = config;
  const rows = batch.targets.length;
  const dlogits = logits.slice();
  let loss = 0;
  for (let r = 0; r < rows; r++) {
    const row = dlogits.subarray(r * vocab, (r + 1) * vocab);
    softmaxInPlace(row);
    loss -= Math.log(row[batch.targets[r]!]!) / rows;
    row[batch.targets[r]!]! -= 1;
    row.forEach((value, i) => (row[i] = value / rows));
  }
  chain.reduceRight<Float64Array>((dy, node) => node.back(dy), dlogits);
  return { logits, loss, gradients: pass.gradients, attentionWeights: pass.attentionWeights };
}

export interface AdamWOptions {
  betas: [number, number];
  eps: number;
  /** On parameters of two dimensions only. */
  weightDecay: number;
  clipNorm: number;
}

/** AdamW with global-norm clipping, as PyTorch does both. */
export class ReferenceAdamW {
  private readonly first: Values = new Map();
  private readonly second: Values = new Map();
  private taken = 0;

  constructor(
    private readonly shapes: ReadonlyMap<string, readonly number[]>,
    private readonly options: AdamWOptions,
  ) {}

  /** Changes `parameters`; returns the gradients' norm before clipping. */
  step(parameters: Values, gradients: Values, rate: number): number {
    const { betas: [beta1, beta2], eps, weightDecay, clipNorm } = this.options;
    let squares = 0;
    for (const gradient of gradients.values()) for (const g of gradient) squares += g * g;
    const norm = Math.sqrt(squares);
    const clip = Math.min(1, clipNorm / (norm + 1e-6));
    this.taken++;
    for (const [name, p] of parameters) {
      const decay = this.shapes.get(name)!.length >= 2 ? weightDecay : 0;
      const m = momentsOf(this.first, name, p.length);
      const v = momentsOf(this.second, name, p.length);
      gradients.get(name)!.forEach((raw, i) => {
        const g = raw * clip;
        m[i] = beta1 * m[i]! + (1 - beta1) * g;
        v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
        const mean = m[i]! / (1 - beta1 ** this.taken);
        const scale = Math.sqrt(v[i]! / (1 - beta2 ** this.taken)) + eps;
        p[i] = p[i]! * (1 - rate * decay) - (rate * mean) / scale;
      });
    }
    return norm;
  }
}

/** Linear warmup with (t + 1) / steps, then half a cosine. */
export function warmupThenCosine(t: number, { peak, floor, warmup, total }: { peak: number; floor: number; warmup: number; total: number }): number {
  if (t < warmup) return (peak * (t + 1)) / warmup;
  return floor + ((peak - floor) * (1 + Math.cos((Math.PI * (t - warmup)) / (total - warmup)))) / 2;
}

function momentsOf(moments: Values, name: string, size: number): Float64Array {
  const values = moments.get(name) ?? new Float64Array(size);
  moments.set(name, values);
  return values;
}

function sum(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + b[i]!);
}

function softmaxInPlace(row: Float64Array): void {
  const highest = Math.max(...row);
  let total = 0;
  row.forEach((value, i) => (total += row[i] = Math.exp(value - highest)));
  row.forEach((value, i) => (row[i] = value / total));
}

/** By the series with positive terms only: 2/sqrt(pi) exp(-x²) sum_n 2^n x^(2n+1) / (2n+1)!!. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let total = x;
  for (let n = 1; n < 200 && Math.abs(term) > 1e-17 * Math.abs(total); n++) total += term *= (2 * x * x) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
}

const normalDensity = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
const normalShare = (x: number) => (1 + erf(x / Math.SQRT2)) / 2;
const tanhInner = (x: number) => Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);

const activations: Record<ReferenceConfig["activation"], { value(x: number): number; slope(x: number): number }> = {
  gelu: { value: (x) => x * normalShare(x), slope: (x) => normalShare(x) + x * normalDensity(x) },
  gelu_tanh: {
    value: (x) => 0.5 * x * (1 + Math.tanh(tanhInner(x))),
    slope: (x) => {
      const t = Math.tanh(tanhInner(x));
      return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
    },
  },
  relu: { value: (x) => Math.max(0, x), slope: (x) => (x > 0 ? 1 : 0) },
};
