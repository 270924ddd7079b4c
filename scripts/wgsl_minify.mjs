// WGSL for a bundle: without comments, and without the spaces that no token needs. Names and lines stay, so that drivers' messages
// can be read and the host finds bindings, Params and functions as in the source.

const word = /[\w.]/;
const operator = /[-+*/%&|^<>=!]/;

export function minifyWgsl(code) {
  return withoutComments(code)
    .split("\n")
    .map((line) => tightened(line.trim()))
    .filter((line) => line !== "")
    .map((line) => `${line}\n`)
    .join("");
}

/** Two words, or two operators such as those of `a - -b`, would become another token. */
function tightened(line) {
  return line.replace(/(?<=(.))\s+(?=(.))/g, (_, before, after) => ((word.test(before) && word.test(after)) || (operator.test(before) && operator.test(after)) ? " " : ""));
}

function withoutComments(code) {
  return code.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\//g, "");
}
