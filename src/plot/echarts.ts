// ECharts' renderer that needs no browser: from chart options to SVG.
import { UsageError } from "../errors.js";

export interface SvgSize {
  /** Pixels. */
  width: number;
  height: number;
}

/** Readable on white and on black. */
export const ink = "#7d838c";
export const grid = "#8a8f9844";
export const palette = ["#3b82f6", "#e2603a", "#22a06b", "#b7861a", "#9061d6", "#cf4a86", "#1ba3b5", "#8a6d5a"];

/**
 * A chart of lines, points, bars or shapes as an SVG document. The same options give the same bytes.
 *
 * Throws: UsageError where the package echarts is not installed; `flag` is who asked for the chart.
 */
export async function renderSvg(option: object, { width, height }: SvgSize, flag: string): Promise<string> {
  const { core, charts, components, renderers } = await loadECharts(flag);
  core.use([charts.LineChart, charts.BarChart, charts.ScatterChart, charts.CustomChart, components.GridComponent, components.TitleComponent, components.LegendComponent, components.MarkLineComponent, renderers.SVGRenderer]);
  const chart = core.init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({ ...option });
    return `${stripped(chart.renderToSVGString({ useViewBox: true }))}\n`;
  } finally {
    chart.dispose();
  }
}

/** "0.001" as "1e-3", "2000" as it is. */
export function shortNumber(value: number): string {
  const round = Number(value.toPrecision(6));
  const size = Math.abs(round);
  return round === 0 || (size >= 0.01 && size < 1e5) ? String(round) : round.toExponential().replace("e+", "e");
}

/** Without what serves only an interactive page: classes, styles and data for events. What ECharts numbers over all charts starts from 0. */
function stripped(svg: string): string {
  const ids = [...new Set(svg.match(/\bzr\d+-c\d+\b/g))];
  const own = svg.replace(/\bzr\d+-c\d+\b/g, (id) => `clip-${ids.indexOf(id)}`);
  return own.replace(/ (class|ecmeta_\w+)="[^"]*"/g, "").replace(/<style[^]*?<\/style>/g, "").replace(/\n\s*\n/g, "\n").trim();
}

async function loadECharts(flag: string) {
  try {
    const [core, charts, components, renderers] = await Promise.all([
      import("echarts/core"),
      import("echarts/charts"),
      import("echarts/components"),
      import("echarts/renderers"),
    ]);
    return { core, charts, components, renderers };
  } catch (error) {
    throw new UsageError(`${flag}: needs the package echarts, which is not installed; npm install echarts`, { cause: error });
  }
}
