// Tokens and probabilities as people read them.

const shown: Record<string, string> = { "\n": "↵", " ": "␣", "\t": "⇥", "": "…" };

/** A token alone: what would be blank has a sign. */
export function visible(text: string): string {
  return shown[text] ?? text.replace(/\n/g, "↵").replace(/^ | $/g, "␣");
}

/** Two digits, and never 0 or 1 for what is only near: "42 %", "0.31 %", "< 0.01 %". */
export function percent(probability: number): string {
  const hundredths = 100 * probability;
  if (hundredths > 0 && hundredths < 0.01) return "< 0.01 %";
  if (probability < 1 && hundredths >= 99.5) return "> 99 %";
  return `${Number(hundredths.toPrecision(2))} %`;
}
