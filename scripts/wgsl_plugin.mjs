// Turns a `.wgsl` file into a module whose default export is { name, code }: `name` is the file's stem, `code` its text with
// every `//#include "path"` expanded once. In a bundle, the text of an included file stands once, however many include it.
import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { minifyWgsl } from "./wgsl_minify.mjs";

export function readShader(path) {
  const pieces = piecesOf(path, new Set());
  return { name: basename(path, ".wgsl"), code: pieces.map(textOf).join("\n"), files: [...new Set(pieces.map(({ file }) => file))] };
}

/** The text in order, as lines from files: an include ends one piece and begins the next. */
function piecesOf(file, seen) {
  seen.add(file);
  const lines = readFileSync(file, "utf8").split("\n");
  const pieces = [];
  let from = 0;
  const endPiece = (to) => to > from && pieces.push({ file, from, to });
  for (const [i, line] of lines.entries()) {
    const include = /^\/\/#include\s+"([^"]+)"\s*$/.exec(line);
    if (!include) continue;
    endPiece(i);
    from = i + 1;
    const target = resolve(shaderRoot(file), include[1]);
    if (!seen.has(target)) pieces.push(...piecesOf(target, seen));
  }
  endPiece(lines.length);
  return pieces;
}

function textOf({ file, from, to }) {
  return readFileSync(file, "utf8").split("\n").slice(from, to).join("\n");
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

/** A shader as JavaScript that imports what it includes, and those pieces. `specifierOf` says how to import one. */
export function shaderModule(path, specifierOf, { minify = false } = {}) {
  const all = piecesOf(path, new Set());
  const pieces = all.filter(({ file }) => file !== path);
  const imports = pieces.map((piece, i) => `import piece${i} from ${JSON.stringify(specifierOf(piece))};\n`);
  const parts = all.map((piece) => (piece.file === path ? JSON.stringify(shownText(piece, minify)) : `piece${pieces.indexOf(piece)}`));
  // As a pure call, a shader that nobody launches is left out of a bundle.
  const code = `${imports.join("")}export default { name: ${JSON.stringify(basename(path, ".wgsl"))}, code: /* @__PURE__ */ [${parts.join(", ")}].join("\\n") };\n`;
  return { code, pieces };
}

/** An included piece as JavaScript. */
export function pieceModule(piece, { minify = false } = {}) {
  return `export default ${JSON.stringify(shownText(piece, minify))};\n`;
}

function shownText(piece, minify) {
  return minify ? minifyWgsl(textOf(piece)) : textOf(piece);
}

/** esbuild plugin. `minify` leaves out comments and spaces. */
export function esbuildWgsl({ minify = false } = {}) {
  return {
    name: "wgsl",
    setup(build) {
      build.onLoad({ filter: /\.wgsl$/ }, ({ path }) => {
        const { code, pieces } = shaderModule(path, ({ file, from, to }) => `wgsl-piece:${file}:${from}:${to}`, { minify });
        return { contents: code, loader: "js", resolveDir: dirname(path), watchFiles: [path, ...pieces.map(({ file }) => file)] };
      });
      build.onResolve({ filter: /^wgsl-piece:/ }, ({ path }) => ({ path: path.slice("wgsl-piece:".length), namespace: "wgsl-piece", sideEffects: false }));
      build.onLoad({ filter: /.*/, namespace: "wgsl-piece" }, ({ path }) => {
        const [, file, from, to] = /^(.*):(\d+):(\d+)$/.exec(path);
        return { contents: pieceModule({ file, from: Number(from), to: Number(to) }, { minify }), loader: "js", watchFiles: [file] };
      });
    },
  };
}

/** vite and vitest plugin. */
export const viteWgsl = {
  name: "wgsl",
  enforce: "pre",
  load(id) {
    const path = id.split("?")[0];
    if (!path.endsWith(".wgsl")) return null;
    const { name, code } = readShader(path);
    return `export default ${JSON.stringify({ name, code })};`;
  },
};
