// How the pages are bundled: static files, minified, with chunks that load on demand.
import { resolve } from "node:path";
import { commit } from "./commit.mjs";
import { esbuildWgsl } from "./wgsl_plugin.mjs";

/** Options for esbuild. Entries are named by the scripts that they become. */
export const pageOptions = (folder, entryPoints) => ({
  absWorkingDir: resolve(import.meta.dirname, ".."),
  entryPoints,
  outdir: folder,
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  minify: true,
  format: "esm",
  platform: "browser",
  // The experiments of examples/lab import the library by its name.
  alias: { "kiln-gpu": "./src/index.ts" },
  target: "es2022",
  define: { KILN_COMMIT: JSON.stringify(commit()) },
  metafile: true,
  plugins: [esbuildWgsl({ minify: true })],
  logLevel: "warning",
});
