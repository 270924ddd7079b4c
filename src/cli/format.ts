// Numbers for people.

export function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

export function rate(value: number): string {
  return value.toExponential(2);
}

/** Two digits: "55 %". */
export function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

/** To a tenth, and "100 %" only for all: "99.9 %". */
export function shareOfAll(share: number): string {
  return `${Math.floor(share * 1000 + 1e-9) / 10} %`;
}

/** "45 s", "3 min 20 s", "2 h 5 min". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function loss(value: number | null | undefined): string {
  return value === null || value === undefined ? "-" : value.toFixed(4);
}

export function megabytes(bytes: number): string {
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MB` : `${(bytes / 2 ** 30).toFixed(1)} GB`;
}
