// Measures in a worker, so that the page stays alive and nothing of the page disturbs the times.
import { version } from "../../../package.json";
import { AdapterError, KilnError } from "../../errors.js";
import { Bench } from "../bench.js";
import { openEngines, type Engines } from "../open_engines.js";
import type { Environment } from "../row.js";
import { quick, thorough } from "../sampling.js";
import { casesOf } from "../suites/index.js";
import type { Message, Order } from "./messages.js";

/** Put in by the build. */
declare const KILN_COMMIT: string;

const post = (message: Message) => postMessage(message);

addEventListener("message", (event: MessageEvent<Order>) => {
  run(event.data).then(
    () => post({ kind: "done" }),
    (error: unknown) => post({ kind: "failed", message: error instanceof KilnError ? error.message : String(error instanceof Error ? (error.stack ?? error.message) : error) }),
  );
});

async function run({ names, isQuick, peers, filter }: Order): Promise<void> {
  const cases = casesOf({ names, isQuick, filter });
  const { gpu } = navigator;
  const adapter = gpu ? await gpu.requestAdapter({ powerPreference: "high-performance" }) : null;
  if (!adapter) throw new AdapterError("kiln bench: this browser gives no WebGPU adapter", ["navigator.gpu: use a browser with WebGPU over https or localhost"]);
  const engines = await openEngines({ adapter, gpu, version, peers });
  try {
    post({ kind: "environment", environment: environmentOf(engines) });
    const bench = new Bench(engines.kiln, engines.peers, {
      sampling: isQuick ? quick : thorough,
      isQuick,
      patience_ms: isQuick ? 2000 : 10_000,
      report: (measurement) => post({ kind: "measurement", measurement }),
      progress: (text) => post({ kind: "progress", text }),
    });
    await bench.run(cases);
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
