// A chart as it is shown now, as a picture for a file.
import { duration } from "../layout/format.js";
import { chartCurves, chartMarks, isLog, type DrawnCurve } from "./chart_lines.js";
import type { ChartSpec, LineStyle } from "./chart_specs.js";
import { cssColor, defaultSize } from "./export.js";
import type { Picture } from "./picture.js";
import { shownRange, xAxis, xLog } from "./state.js";
import { tickText } from "./ticks.js";

export const lineLooks: Readonly<Record<LineStyle, { width: number; opacity: number }>> = {
  line: { width: 2, opacity: 1 },
  faint: { width: 1, opacity: 0.3 },
  points: { width: 1.2, opacity: 1 },
  edge: { width: 1.2, opacity: 0.8 },
};
export const edgeDash: readonly number[] = [3, 3];

/** The curves of the drawn runs in the shown range, with the colours of the theme in use. */
export function chartPicture(spec: ChartSpec): Picture {
  const curves = chartCurves(spec, defaultSize.width);
  const label = ({ runName, name, style }: DrawnCurve) => (style === "faint" ? null : `${runName}: ${name}`);
  return {
    title: spec.title,
    xLabel: xAxis.value === "step" ? "steps" : "time trained",
    yLabel: spec.label,
    xLog: xLog.value,
    yLog: isLog(spec),
    xRange: shownRange.value,
    xText: xAxis.value === "step" ? tickText : duration,
    lines: curves.map((curve) => ({
      label: label(curve),
      ...curve.points,
      ...lineLooks[curve.style],
      color: cssColor(curve.look.color),
      dash: curve.style === "edge" ? edgeDash : curve.look.dash,
      points: curve.style === "points",
    })),
    marks: chartMarks(spec, defaultSize.width).map(({ kind, look, x, y }) => ({ kind, x, y, color: cssColor(look.color) })),
  };
}
