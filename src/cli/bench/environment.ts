// What a measurement in Node was made on.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname, join } from "node:path";
import { version } from "../../../package.json";
import type { Engines } from "../../bench/open_engines.js";
import type { Environment } from "../../bench/row.js";
import { packageVersion } from "../package_version.js";

export function environmentOf({ kiln, peers }: Engines): Environment {
  const { name, class: kind, software } = kiln.device.adapter;
  return {
    adapter: name,
    class: kind,
    software,
    runtime: `Node ${process.version}, ${process.platform} ${process.arch}`,
    machine: machine(),
    commit: commit(),
    date: new Date().toISOString(),
    versions: { kiln: version, webgpu: packageVersion("webgpu") ?? "unknown", ...Object.fromEntries(peers.map((peer) => [peer.name, peer.version])) },
  };
}

/** The load is of the minute before the run. */
function machine(): string {
  const cores = cpus();
  return `${cores.length} x ${cores[0]?.model.trim() ?? "unknown processor"}, load ${loadavg()[0]!.toFixed(1)}`;
}

/** The repository's, "-dirty" where files are changed; the version of an installed package. */
function commit(): string {
  const root = packageRoot();
  if (!existsSync(join(root, ".git"))) return `v${version}`;
  const { stdout, status } = spawnSync("git", ["describe", "--always", "--dirty", "--exclude=*"], { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : `v${version}`;
}

function packageRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json")) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}
