// The software Vulkan driver inside npm `@sparticuz/chromium`: works with nothing installed on the machine.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { AdapterError } from "../errors.js";
import { cacheFolder } from "./cache.js";
import { makeFolder } from "./files.js";
import { readTar } from "./tar.js";

const archiveName = "swiftshader.tar.br";
/** SHA-256 of the archive in the version of @sparticuz/chromium that package.json pins. */
const archiveHash = "b680e40a33235ecc6ad4c6897a168b70ce5164f0d62d2a64d675320d51614631";
const driverManifest = "vk_swiftshader_icd.json";
const loaderName = "libvulkan.so.1";

/**
 * Unpacks the driver to the cache folder, once, and makes this process's Vulkan use it. Must run before Dawn makes
 * its instance. Returns the path of the driver manifest.
 *
 * Throws: AdapterError on other platforms, without the package, or when the archive is not the one expected.
 */
export function useSwiftShader(): string {
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new AdapterError(`SwiftShader: only packaged for Linux x64, this is ${process.platform} ${process.arch}`, []);
  }
  const folder = unpack();
  const manifest = join(folder, driverManifest);
  process.env.VK_DRIVER_FILES = manifest;
  process.env.VK_ICD_FILENAMES = manifest;
  loadLibrary(join(folder, loaderName));
  return manifest;
}

/**
 * Loads a plain shared library and leaves it in the process, so that Dawn's own dlopen finds it by name. Node then
 * says that it is not an addon: that is expected.
 */
function loadLibrary(path: string): void {
  const keepLoaded = 0x1000; // RTLD_NODELETE
  try {
    process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL | keepLoaded);
  } catch (error) {
    if (!String(error).includes("did not self-register")) throw error;
  }
}

function unpack(): string {
  const archive = findArchive();
  const bytes = readFileSync(archive);
  const hash = createHash("sha256").update(bytes).digest("hex");
  if (hash !== archiveHash) {
    throw new AdapterError(`SwiftShader: ${archive} has SHA-256 ${hash}, expected ${archiveHash}; reinstall @sparticuz/chromium at the pinned version`, []);
  }
  const folder = join(cacheFolder(), `swiftshader-${hash.slice(0, 16)}`);
  if (existsSync(join(folder, driverManifest))) return folder;
  // Unpacked beside, then renamed: two processes may do this at once, and one may be killed half-way.
  const partial = `${folder}.${process.pid}.tmp`;
  rmSync(partial, { recursive: true, force: true });
  makeFolder(partial);
  for (const { name, data } of readTar(brotliDecompressSync(bytes))) {
    if (name === driverManifest || name === loaderName || name === "libvk_swiftshader.so") {
      writeFileSync(join(partial, name), data, { mode: 0o755 });
    }
  }
  try {
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(join(folder, driverManifest))) throw error;
  }
  return folder;
}

function findArchive(): string {
  const require = createRequire(import.meta.url);
  try {
    // The package exports only its entry, which lies one folder below its root.
    return resolve(dirname(require.resolve("@sparticuz/chromium")), "..", "bin", archiveName);
  } catch (error) {
    throw new AdapterError("SwiftShader: npm package @sparticuz/chromium is not installed", [], { cause: error });
  }
}
