const bars = "▁▂▃▄▅▆▇█";

/** A line of bars, one for the mean of each equal share of `values`; non-finite values are left out. */
export function sparkline(values: readonly number[], width = 60): string {
  const finite = values.filter(Number.isFinite);
  const columns = Math.min(width, finite.length);
  const means = Array.from({ length: columns }, (_, i) => {
    const share = finite.slice(Math.floor((i * finite.length) / columns), Math.floor(((i + 1) * finite.length) / columns));
    return share.reduce((sum, value) => sum + value, 0) / share.length;
  });
  const low = Math.min(...means);
  const range = Math.max(...means) - low;
  return means.map((mean) => bars[range === 0 ? 0 : Math.round(((mean - low) / range) * (bars.length - 1))]).join("");
}
