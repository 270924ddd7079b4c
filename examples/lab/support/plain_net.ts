// Networks of linear layers in the variants that experiments compare: depth, activation, norms, skips, size of the initial weights.
import { add, Generator, nn, type Device, type LinearActivation, type Tensor } from "kiln-gpu";

export interface NetShape {
  inputs: number;
  width: number;
  outputs: number;
  /** Hidden layers. */
  depth: number;
  /** "relu" by default. */
  activation?: LinearActivation;
  /** A layer norm before each activation. */
  norm?: boolean;
  /** From the second hidden layer on, each adds to what it was given. */
  skips?: boolean;
  /** Hidden weights start with standard deviation gain / sqrt(fan in); sqrt(2) by default, which keeps relu's variance. */
  gain?: number;
  /** The same of the output's weights; 1 by default. */
  outputGain?: number;
  /** What the output's bias starts from; 0 by default. */
  outputBias?: number;
}

export class PlainNet extends nn.Layer {
  private readonly hidden: readonly nn.Linear[];
  private readonly norms: readonly nn.LayerNorm[];
  private readonly output: nn.Linear;

  constructor(
    device: Device,
    private readonly shape: NetShape,
    seed: number,
  ) {
    super();
    const { inputs, width, outputs, depth, norm = false, gain = Math.SQRT2, outputGain = 1, outputBias = 0 } = shape;
    const generator = new Generator(seed);
    const layer = (from: number, to: number, gain: number, bias: number) =>
      new nn.Linear(device, from, to, { init: nn.init.normal({ std: gain / Math.sqrt(from) }), biasInit: nn.init.constant(bias), generator });
    this.hidden = Array.from({ length: depth }, (_, i) => this.registerModule(`hidden${i}`, layer(i === 0 ? inputs : width, width, gain, 0)));
    this.norms = this.hidden.slice(0, norm ? depth : 0).map((_, i) => this.registerModule(`norm${i}`, new nn.LayerNorm(device, width)));
    this.output = this.registerModule("output", layer(width, outputs, outputGain, outputBias));
  }

  override forward(x: Tensor): Tensor {
    return this.output.forward(this.hidden.reduce((h, _, i) => this.hiddenLayer(h, i), x));
  }

  private hiddenLayer(h: Tensor, i: number): Tensor {
    const { activation = "relu", skips = false } = this.shape;
    const residual = skips && i > 0 ? h : null;
    const [layer, norm] = [this.hidden[i]!, this.norms[i]];
    if (!norm) return layer.forward(h, { activation, residual });
    const y = activations[activation](norm.forward(layer.forward(h)));
    return residual ? add(residual, y) : y;
  }
}

const activations: Readonly<Record<LinearActivation, (x: Tensor) => Tensor>> = {
  relu: (x) => x.relu(),
  tanh: (x) => x.tanh(),
  silu: (x) => x.silu(),
  sigmoid: (x) => x.sigmoid(),
  gelu: (x) => x.gelu(),
  geluTanh: (x) => x.gelu({ approximate: "tanh" }),
};
