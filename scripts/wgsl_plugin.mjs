// Turns a `.wgsl` file into a module whose default export is { name, code }: `name` is the file's stem,
// `code` its text with every `//#include "path"` expanded once. One function, used by esbuild and by vitest.
import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";

export function readShader(path) {
  const files = [];
  const code = expand(path, new Set(), files);
  return { name: basename(path, ".wgsl"), code, files };
}

function expand(path, seen, files) {
  files.push(path);
  const lines = readFileSync(path, "utf8").split("\n").map((line) => {
    const include = /^\/\/#include\s+"([^"]+)"\s*$/.exec(line);
    if (!include) return line;
    const target = resolve(shaderRoot(path), include[1]);
    if (seen.has(target)) return "";
    seen.add(target);
    return expand(target, seen, files);
  });
  return lines.join("\n");
}

// Includes are written from the shaders folder, wherever the including file lies in it.
function shaderRoot(path) {
  let folder = dirname(path);
  while (basename(folder) !== "shaders") {
    if (folder === dirname(folder)) return dirname(path);
    folder = dirname(folder);
  }
  return folder;
}

const moduleText = ({ name, code }) => `export default ${JSON.stringify({ name, code })};`;

/** esbuild plugin. */
export const esbuildWgsl = {
  name: "wgsl",
  setup(build) {
    build.onLoad({ filter: /\.wgsl$/ }, ({ path }) => {
      const shader = readShader(path);
      return { contents: moduleText(shader), loader: "js", watchFiles: shader.files };
    });
  },
};

/** vite and vitest plugin. */
export const viteWgsl = {
  name: "wgsl",
  enforce: "pre",
  load(id) {
    const path = id.split("?")[0];
    if (!path.endsWith(".wgsl")) return null;
    return moduleText(readShader(path));
  },
};
