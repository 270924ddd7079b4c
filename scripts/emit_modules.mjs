// The library as a package publishes it: one JavaScript module for each source file, so that a bundler leaves out what a
// program does not use. Shaders become modules too, those that they include once each.
import { transformSync } from "esbuild";
import { readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { pieceModule, shaderModule } from "./wgsl_plugin.mjs";

/** Files by their path under dist, for the sources (paths from the repository's root) that a bundle of the library has. */
export function libraryModules(sources) {
  const modules = new Map();
  for (const source of sources.filter((path) => path.startsWith("src/"))) {
    const code = readFileSync(source, "utf8");
    const to = relative("src", source).replace(/\.ts$/, ".js");
    const { code: compiled } = transformSync(code, { loader: "ts", target: "es2022", sourcefile: source });
    modules.set(to, withShaderModules(compiled, source, to, modules));
  }
  return modules;
}

/** `import x from "../../shaders/x.wgsl"` finds dist/shaders/x.js. */
function withShaderModules(code, source, to, modules) {
  return code.replace(/(\bfrom\s+)"([^"]+\.wgsl)"/g, (_, head, specifier) => {
    const path = resolve(dirname(source), specifier);
    return `${head}"${specifierFrom(to, addShader(path, modules))}"`;
  });
}

function addShader(path, modules) {
  const to = join("shaders", relative("shaders", path)).replace(/\.wgsl$/, ".js");
  if (modules.has(to)) return to;
  const { code, pieces } = shaderModule(path, (piece) => specifierFrom(to, pieceTarget(piece)), { minify: true });
  modules.set(to, code);
  for (const piece of pieces) modules.set(pieceTarget(piece), pieceModule(piece, { minify: true }));
  return to;
}

function pieceTarget({ file, from }) {
  return join("shaders/pieces", `${basename(dirname(file))}_${basename(file, ".wgsl")}_${from}.js`);
}

function specifierFrom(file, target) {
  const path = relative(dirname(file), target);
  return path.startsWith(".") ? path : `./${path}`;
}
