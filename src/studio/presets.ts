// What the page says of the presets.
import { presets, type PresetName } from "../recipe/presets.js";

export const presetWords: Readonly<Record<PresetName, { title: string; about: string }>> = {
  small: { title: "First look", about: "A small Transformer that learns to write words like Melville's in about a minute on a processor." },
  "nanogpt-cpu": { title: "nanoGPT for a CPU", about: "Andrej Karpathy's settings: 0.8 million parameters, 2000 steps. Minutes on a processor, less on a GPU." },
};

export const presetNames = Object.keys(presets) as PresetName[];
