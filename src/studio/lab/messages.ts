// What the page and the lab's worker tell each other.
import type { Size, Table, Verdict } from "../../lab/index.js";

export interface Order {
  /** Experiments to run, one after the other. */
  names: readonly string[];
  size: Size;
  /** Measure again what an earlier run kept. */
  fresh: boolean;
}

export interface Entry {
  name: string;
  group: number;
  title: string;
  claim: string;
  source: string;
  prediction: string;
}

export interface CriterionText {
  statement: string;
  value: string;
  confirmed: string;
  contradicted: string;
  verdict: Verdict;
}

export interface OutcomeText {
  name: string;
  verdict: Verdict;
  criteria: readonly CriterionText[];
  summary: string;
  advice: string;
  charts: readonly { title: string; svg: string }[];
  tables: readonly Table[];
  seconds: number;
}

export type Message =
  | { kind: "experiments"; entries: readonly Entry[] }
  | { kind: "adapter"; name: string; software: boolean }
  | { kind: "progress"; name: string; done: number; total: number; kept: number; seconds: number }
  | { kind: "outcome"; outcome: OutcomeText }
  | { kind: "skipped"; name: string; reason: string }
  | { kind: "report"; html: string }
  | { kind: "done" }
  | { kind: "failed"; message: string };
