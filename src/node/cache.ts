import { join } from "node:path";
import envPaths from "env-paths";

/** Where unpacked drivers and browsers are kept: KILN_CACHE, else the platform's cache folder. */
export function cacheFolder(): string {
  return process.env.KILN_CACHE || join(envPaths("kiln", { suffix: "" }).cache);
}
