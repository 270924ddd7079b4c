// PyTorch's ReduceLROnPlateau over the plain numbers of an optimizer's groups.

export interface PlateauSettings {
  mode: "min" | "max";
  factor: number;
  patience: number;
  threshold: number;
  thresholdMode: "rel" | "abs";
  cooldown: number;
  minLr: number[];
  eps: number;
}

export const pytorchDefaults = { mode: "min", factor: 0.1, patience: 10, threshold: 1e-4, thresholdMode: "rel", cooldown: 0, eps: 1e-8 } as const;

/** The groups' rates after each metric. */
export function plateauRates(settings: PlateauSettings, bases: readonly number[], metrics: readonly number[]): number[][] {
  const { mode, factor, patience, threshold, thresholdMode, cooldown, minLr, eps } = settings;
  let best = mode === "min" ? Infinity : -Infinity;
  let [bad, cooling] = [0, 0];
  let rates = [...bases];
  return metrics.map((metric) => {
    const relative = mode === "min" ? best * (1 - threshold) : best * (threshold + 1);
    const absolute = mode === "min" ? best - threshold : best + threshold;
    const limit = thresholdMode === "rel" ? relative : absolute;
    if (mode === "min" ? metric < limit : metric > limit) {
      best = metric;
      bad = 0;
    } else {
      bad += 1;
    }
    if (cooling > 0) {
      cooling -= 1;
      bad = 0;
    }
    if (bad > patience) {
      rates = rates.map((old, i) => {
        const next = Math.max(old * factor, minLr[i]!);
        return old - next > eps ? next : old;
      });
      cooling = cooldown;
      bad = 0;
    }
    return rates;
  });
}
