// What each setting is called on the page, and what it does to training, in plain words.
import type { SettingName } from "../state/settings.js";

export interface Words {
  label: string;
  hint: string;
}

export const words: Readonly<Record<SettingName, Words>> = {
  data: { label: "Text", hint: "What the model learns to continue. The last tenth is held back to see how well it does on text it has not trained on." },
  tokenizer: { label: "Tokens", hint: "What the model reads and writes at a time. char: one character. byte: one byte, any language. The others join frequent letters: more meaning in a token, a larger table to learn." },
  compactVocab: { label: "Only tokens of this text", hint: "Leaves out of the table every token that the text never uses. Smaller and faster; such a model cannot write the others." },
  layers: { label: "Layers", hint: "Transformer blocks, one after the other. More can learn more, take longer, and make warmup matter more." },
  heads: { label: "Heads", hint: "How many places a token can attend to at once in each layer. The width is shared among them." },
  width: { label: "Width", hint: "Numbers that stand for each token. Twice the width is about four times the parameters. A multiple of the heads." },
  block: { label: "Context", hint: "Tokens that the model sees at once. Longer context, better predictions, more memory." },
  dropout: { label: "Dropout", hint: "Share of values set to 0 at random while training. Helps against learning a small text by heart; slows learning down." },
  bias: { label: "Biases", hint: "A constant added after each matrix and norm. Modern models often have none." },
  tied: { label: "Tied head", hint: "Uses the table of tokens for the output too: fewer parameters, often better for small models." },
  activationCheckpointing: { label: "Save memory", hint: "Keeps less from the forward pass and computes it again: less memory, about a third slower." },
  norm: { label: "Norm place", hint: "pre: before each part, trains without much care. post: after it, as in the first Transformer, which needs warmup or it does not learn." },
  normType: { label: "Norm", hint: "Keeps values in range. layer: centres and scales. rms: only scales. none: nothing, for seeing why norms are there." },
  activation: { label: "Activation", hint: "The curve inside each layer. relu is the oldest, gelu and silu are smooth." },
  init: { label: "First weights", hint: "gpt2: small, all alike. scaled: by the size of each matrix, so that the first steps move all layers alike." },
  precision: { label: "Precision", hint: "f16 computes products in half precision: faster on GPUs that have it, with a scale that keeps small gradients alive." },
  batch: { label: "Batch", hint: "Pieces of text in each step. More makes gradients less noisy and steps slower." },
  accumulate: { label: "Batches a step", hint: "Averages the gradients of several batches before each step: a large batch in little memory." },
  steps: { label: "Steps", hint: "How often the weights are changed. The schedule is drawn over so many steps." },
  optimizer: { label: "Optimizer", hint: "How gradients become changes. adamw suits Transformers. sgd is the plainest and needs much larger rates. lion needs smaller ones." },
  lr: { label: "Peak rate", hint: "How far each step goes at most. Too high and the loss jumps or grows; too low and nothing happens." },
  minLr: { label: "Last rate", hint: "Where the decay ends. Small last steps settle the weights." },
  warmup: { label: "Warmup", hint: "Steps in which the rate rises from near 0 to its peak. Early gradients are large and the optimizer knows little: small steps then avoid damage." },
  decay: { label: "Decay", hint: "How the rate falls after the warmup." },
  schedule: { label: "Schedule", hint: "The learning rate as an expression, in place of peak, last rate, warmup and decay. The schedule editor writes it." },
  vectorSchedule: { label: "Schedule of biases and norms", hint: "Their own learning rate, as an expression. Empty: the same as all others." },
  weightDecay: { label: "Weight decay", hint: "Pulls the weights of matrices towards 0 a little in each step, so that they stay small." },
  betas: { label: "Betas", hint: "How long the optimizer remembers gradients and their squares. Closer to 1 is longer." },
  clip: { label: "Clip", hint: "Gradients longer than this are shortened to it: one bad batch cannot throw the weights far. 0 for never." },
  ema: { label: "Average weights", hint: "Keeps a running average of the weights, which is then validated and sampled. 0.99 remembers about 100 steps; 0 for none." },
  seed: { label: "Seed", hint: "Decides first weights, batches and dropout. The same seed on the same device repeats the run exactly." },
  evalEvery: { label: "Validate every", hint: "Steps between looks at the text held back. 0 for never." },
  evalBatches: { label: "Validation batches", hint: "How much of the held-back text is looked at each time. More is steadier and slower." },
  checkpointEvery: { label: "Save every", hint: "Steps between saved states. After a crash or a closed tab a run goes on from the last one. 0 for only at the end." },
  sample: { label: "Sample", hint: "Characters that the command line writes after training." },
};
