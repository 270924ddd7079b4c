// What an experiment leaves: its data as JSON and CSV, its pictures as SVG.
import { join } from "node:path";
import { drawChart, outcomeCsv, outcomeJson, type Outcome } from "../../lab/index.js";
import { writeFileAtomic } from "../../node/files.js";

/** Returns the paths. */
export async function writeOutcome(outcome: Outcome, folder: string): Promise<string[]> {
  const { name } = outcome.experiment;
  const files: [path: string, text: string][] = [
    [join(folder, `${name}.json`), outcomeJson(outcome)],
    [join(folder, `${name}.csv`), outcomeCsv(outcome)],
  ];
  for (const [i, chart] of outcome.findings.charts.entries()) files.push([join(folder, `${name}-${i + 1}.svg`), await drawChart(chart)]);
  for (const [path, text] of files) writeFileAtomic(path, text);
  return files.map(([path]) => path);
}
