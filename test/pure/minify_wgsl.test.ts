// The shaders of a bundle are those of the source: token for token, with every include once.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
// @ts-expect-error plain JavaScript, of the build
import { minifyWgsl } from "../../scripts/wgsl_minify.mjs";
// @ts-expect-error plain JavaScript, of the build
import { esbuildWgsl, readShader } from "../../scripts/wgsl_plugin.mjs";

const shaders = resolve(import.meta.dirname, "../../shaders");
const files = readdirSync(shaders, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".wgsl") && !name.startsWith("lib"))
  .map((name) => join(shaders, name));

/** By the longest match, as WGSL reads: operators of up to three characters, words and numbers. */
function tokens(code: string): string[] {
  const text = code.replace(/\/\*[\s\S]*?\*\//g, " ").replace(/\/\/.*/g, " ");
  return text.match(/[\w.]+|<<=|>>=|&&|\|\||->|\+\+|--|[-+*/%&|^<>=!]=|<<|>>|\S/g) ?? [];
}

describe("minified WGSL", () => {
  it("has the tokens of every shader", () => {
    expect(files.length).toBeGreaterThan(80);
    for (const file of files) {
      const { code } = readShader(file) as { code: string };
      const short = minifyWgsl(code) as string;
      expect(tokens(short), file).toEqual(tokens(code));
      expect(short.length, file).toBeLessThan(code.length);
    }
  });

  it("keeps apart what would join to another token", () => {
    expect(minifyWgsl("let x = a - -b; // why\n\n  return  f( x ) & &y;")).toBe("let x=a- -b;\nreturn f(x)& &y;\n");
    expect(minifyWgsl("/* a\n b */ fn f ( ) -> u32 { }")).toBe("fn f()->u32{}\n");
  });

  it("bundles to the same text as the tests run, with each included file once", async () => {
    const entry = files.map((file, i) => `import s${i} from ${JSON.stringify(file)};`).join("") + `export default [${files.map((_, i) => `s${i}`).join(",")}];`;
    const { outputFiles } = await build({ stdin: { contents: entry, resolveDir: shaders }, bundle: true, format: "esm", write: false, plugins: [esbuildWgsl()] });
    const text = outputFiles[0]!.text;
    const bundled = ((await import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`)) as { default: { name: string; code: string }[] }).default;
    bundled.forEach((shader, i) => expect(shader, files[i]).toEqual({ name: readShader(files[i]!).name, code: readShader(files[i]!).code }));
    const line = readFileSync(join(shaders, "lib/numerics.wgsl"), "utf8").split("\n").find((candidate) => candidate.startsWith("fn "))!;
    expect(text.split(JSON.stringify(line).slice(1, -1)).length - 1).toBe(1);
  });
});
