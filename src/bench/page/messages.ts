// What the page and its worker say to each other.
import type { Environment, Measurement } from "../row.js";

export interface Order {
  /** Suites and groups of kernels; empty for all. */
  names: string[];
  isQuick: boolean;
  peers: boolean;
  filter: string;
}

export type Message =
  | { kind: "environment"; environment: Environment }
  | { kind: "progress"; text: string }
  | { kind: "measurement"; measurement: Measurement }
  /** Before the end, of a worker that draws: one HTML file with everything in it, its charts alone, and JSON lines. */
  | { kind: "report"; html: string; charts: { title: string; svg: string }[]; lines: string }
  | { kind: "done" }
  | { kind: "failed"; message: string };
