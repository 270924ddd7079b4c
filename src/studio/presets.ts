// What the page says of the presets.
import { presets, type PresetName } from "../recipe/presets.js";

export const presetWords: Readonly<Record<PresetName, { title: string; about: string }>> = {
  small: { title: "First look", about: "A small Transformer that learns to write words like Melville's in about a minute on a processor." },
  "post-ln": { title: "Where warmup decides", about: "Norms after each part, as in the first Transformer. Train it, then again with a warmup of 0, and compare." },
  addition: { title: "Addition", about: "Sums of two-digit numbers. The share of right answers to sums that were held back goes from none to all." },
  modular: { title: "Modular arithmetic", about: "Sums modulo 59, half of them held back. The loss on those it trains on falls first; then it finds the rule." },
  sgd: { title: "Plain gradient descent", about: "SGD with momentum in place of AdamW: a rate about forty times as high, and it still learns more slowly." },
  rms: { title: "RMS norm and SiLU", about: "The parts that large models of today are made of." },
  "nanogpt-cpu": { title: "nanoGPT for a CPU", about: "Andrej Karpathy's settings: 0.8 million parameters, 2000 steps. Minutes on a processor, less on a GPU." },
};

export const presetNames = Object.keys(presets) as PresetName[];
