// What a bug report needs to know of the machine, before any device is opened.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import { availableParallelism, cpus, freemem, release, totalmem } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { version } from "../../../package.json";
import { cacheFolder } from "../../node/cache.js";
import { packageVersion } from "../package_version.js";

export interface Machine {
  versions: { kiln: string; node: string; v8: string; webgpu: string | null; swiftshader: string | null };
  system: string;
  processor: string;
  memory: { total: number; free: number };
  /** Device files of GPUs, on Linux: there may be a GPU that no driver serves. */
  gpuFiles: string[];
  /** Vulkan drivers that are installed, on Linux. */
  vulkanDrivers: string[];
  /** Variables that decide which adapter is found. */
  environment: Record<string, string>;
  /** Folders that Kiln writes to, and whether it may. */
  folders: { purpose: string; path: string; writable: boolean; cure: string }[];
}

const decisive = /^(KILN_|VK_|WGPU_|DAWN_|LIBGL_|CUDA_VISIBLE_DEVICES$|NVIDIA_|XDG_RUNTIME_DIR$|WSL_DISTRO_NAME$)/;

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    versions: { kiln: version, node: process.version, v8: process.versions.v8, webgpu: packageVersion("webgpu"), swiftshader: packageVersion("@sparticuz/chromium") },
    system: `${process.platform} ${release()} ${process.arch}${distribution()}`,
    processor: `${availableParallelism()} x ${processors[0]?.model.trim() ?? "unknown"}`,
    memory: { total: totalmem(), free: freemem() },
    gpuFiles: [...listed("/dev/dri", /^(card|renderD)/), ...listed("/dev", /^(nvidia\d+|kfd|dxg|mali\d*)$/)],
    vulkanDrivers: ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"].flatMap((folder) => listed(folder, /\.json$/)).map((path) => basename(path, ".json")),
    environment: Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (decisive.test(name) && value !== undefined ? [[name, value]] : []))),
    folders: [
      { purpose: "unpacked drivers", path: cacheFolder(), cure: "set KILN_CACHE to another folder" },
      { purpose: "runs", path: resolve("out"), cure: "name another one with --out" },
    ].map((folder) => ({ ...folder, writable: isWritable(folder.path) })),
  };
}

function listed(folder: string, wanted: RegExp): string[] {
  try {
    return readdirSync(folder).filter((name) => wanted.test(name)).sort().map((name) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

/** The folder itself, or where it would be made. Tried, because permissions do not tell all. */
function isWritable(path: string): boolean {
  let folder = path;
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  try {
    rmdirSync(mkdtempSync(join(folder, ".kiln-doctor-")));
    return true;
  } catch {
    return false;
  }
}

/** ", Debian GNU/Linux 12", where the system says so. */
function distribution(): string {
  try {
    const name = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
    return name ? `, ${name}` : "";
  } catch {
    return "";
  }
}
