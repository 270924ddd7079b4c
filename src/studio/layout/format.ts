// Numbers as people read them.

export function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** 1 kB is 1000 bytes. */
export function bytes(value: number): string {
  const [unit, size] = value >= 1e9 ? ["GB", 1e9] : value >= 1e6 ? ["MB", 1e6] : ["kB", 1e3];
  const scaled = value / (size as number);
  return `${scaled.toFixed(scaled < 10 ? 1 : 0)} ${unit}`;
}

export function loss(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return Number.isFinite(value) ? value.toFixed(3) : "not finite";
}

/** Three digits: 0.0048 or 2e-6, never 0.000002. */
export function rate(value: number): string {
  const rounded = Number(value.toPrecision(3));
  return rounded !== 0 && Math.abs(rounded) < 1e-3 ? rounded.toExponential() : String(rounded);
}

export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${Math.floor(seconds % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
