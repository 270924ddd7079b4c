// Measures in a worker, so that the page stays alive and nothing of the page disturbs the times.
import { version } from "../../../package.json";
import { AdapterError, KilnError } from "../../errors.js";
import { Bench } from "../bench.js";
import type { Engines } from "../open_engines.js";
import type { Environment, Measurement } from "../row.js";
import { quick, thorough } from "../sampling.js";
import { casesOf } from "../suites/index.js";
import type { Message, Order } from "./messages.js";

/** Put in by the build. */
declare const KILN_COMMIT: string;

export interface Finished {
  rows: readonly Measurement[];
  environment: Environment;
}

const post = (message: Message) => postMessage(message);

/** Carries out every order that the page sends. `open` gives the engines; `finish` may tell more before the end. */
export function answerOrders(open: (adapter: GPUAdapter, gpu: GPU, order: Order) => Promise<Engines>, finish: (result: Finished) => Promise<void> = async () => {}): void {
  addEventListener("message", (event: MessageEvent<Order>) => {
    run(event.data, open).then(finish).then(
      () => post({ kind: "done" }),
      (error: unknown) => post({ kind: "failed", message: error instanceof KilnError ? error.message : String(error instanceof Error ? (error.stack ?? error.message) : error) }),
    );
  });
}

async function run(order: Order, open: Parameters<typeof answerOrders>[0]): Promise<Finished> {
  const { names, isQuick, filter } = order;
  const cases = casesOf({ names, isQuick, filter });
  const { gpu } = navigator;
  const adapter = gpu ? await gpu.requestAdapter({ powerPreference: "high-performance" }) : null;
  if (!adapter) throw new AdapterError("kiln bench: this browser gives no WebGPU adapter", ["navigator.gpu: use a browser with WebGPU over https or localhost"]);
  const engines = await open(adapter, gpu, order);
  try {
    const environment = environmentOf(engines);
    post({ kind: "environment", environment });
    const rows: Measurement[] = [];
    const bench = new Bench(engines.kiln, engines.peers, {
      sampling: isQuick ? quick : thorough,
      isQuick,
      patience_ms: isQuick ? 2000 : 10_000,
      report: (measurement) => {
        rows.push(measurement);
        post({ kind: "measurement", measurement });
      },
      progress: (text) => post({ kind: "progress", text }),
    });
    await bench.run(cases);
    return { rows, environment };
  } finally {
    for (const engine of [engines.kiln, ...engines.peers]) engine.close();
  }
}

function environmentOf({ kiln, peers }: Engines): Environment {
  const { name, class: kind, software } = kiln.device.adapter;
  return {
    adapter: name,
    class: kind,
    software,
    runtime: navigator.userAgent,
    machine: `${navigator.hardwareConcurrency} hardware threads`,
    commit: KILN_COMMIT,
    date: new Date().toISOString(),
    versions: { kiln: version, ...Object.fromEntries(peers.map((peer) => [peer.name, peer.version])) },
  };
}
