// Measurements as aligned lines, as they come.
import type { Measurement } from "../row.js";

const nameWidth = 20;

/** Prints a heading where what is measured changes. */
export class TextReport {
  private heading = "";

  constructor(private readonly print: (line: string) => void) {}

  add(measurement: Measurement): void {
    const { suite, name, shape } = measurement;
    const heading = `${suite}  ${name}  ${shape}`;
    if (heading !== this.heading) this.print(`\n${heading}`);
    this.heading = heading;
    this.print(lineOf(measurement));
    if (measurement.values) this.print(`    first losses ${measurement.values.map((value) => value.toFixed(4)).join(" ")}`);
  }
}

/** The contender, its time with half of its interquartile range, throughput, how near to the floor, how many times Kiln's time. */
export function lineOf(measurement: Measurement): string {
  const { contender, unit, median, q1, q3, gflops, gbps, floorShare, overKiln, calls, error, note } = measurement;
  const cells = [
    contender.padEnd(nameWidth),
    median === null ? "-".padStart(10) : `${digits(median)} ${unit}`.padStart(10),
    (q1 === undefined || q3 === undefined ? "" : `± ${digits((q3 - q1) / 2)}`).padEnd(9),
    (gflops ? `${digits(gflops)} GFLOP/s` : gbps ? `${digits(gbps)} GB/s` : "").padStart(14),
    (floorShare ? `${Math.round(100 * floorShare)} % of peak` : "").padStart(13),
    (overKiln ? `${digits(overKiln)} x` : "").padStart(8),
  ];
  const rest = [calls && describeCalls(calls), note, error && `! ${error}`].filter(Boolean).join("; ");
  return `  ${cells.join(" ")}${rest && `  ${rest}`}`.trimEnd();
}

function describeCalls({ dispatches, submits, pipelines, buffers }: NonNullable<Measurement["calls"]>): string {
  return `${dispatches} dispatches, ${submits} submits, ${pipelines} pipelines, ${buffers} buffers`;
}

/** Three digits that count. */
export function digits(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value === 0 ? "0" : value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
}
