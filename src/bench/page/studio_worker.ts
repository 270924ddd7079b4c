// The worker that a studio starts: Kiln alone, and the report is drawn here, because the page has no room for what draws it.
import { version } from "../../../package.json";
import { UsageError } from "../../errors.js";
import { deviceFrom } from "../../gpu/device.js";
import { KilnEngine } from "../engines/kiln/engine.js";
import { chartSvgs, htmlReport } from "../report/html.js";
import { rowFormat, toLine } from "../row.js";
import { answerOrders, type Finished } from "./measure.js";
import type { Message, Order } from "./messages.js";

// ECharts asks for Node's name where there is no window.
Object.assign(globalThis, { global: globalThis });
answerOrders(openAlone, report);

async function openAlone(adapter: GPUAdapter, _: GPU, { peers }: Order) {
  if (peers) throw new UsageError("kiln bench: peers are not part of the studio, got an order for them; use npx kiln bench");
  return { kiln: new KilnEngine(await deviceFrom(adapter), version, false), peers: [] };
}

async function report({ rows, environment }: Finished): Promise<void> {
  const [html, charts] = await Promise.all([htmlReport(rows, { environment }), chartSvgs(rows)]);
  const lines = rows.map((row) => `${toLine({ format: rowFormat, ...row, environment })}\n`).join("");
  postMessage({ kind: "report", html, charts, lines } satisfies Message);
}
