// One panel of the studio in a page of its own, served as the studio is: under its policy, from files.
import { build } from "esbuild";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
// @ts-expect-error plain JavaScript, shared with the build
import { staticServer } from "../../scripts/static_server.mjs";
// @ts-expect-error plain JavaScript, shared with the build
import { esbuildWgsl } from "../../scripts/wgsl_plugin.mjs";

const html = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>panel</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="main.css">
    <script type="module" src="main.js"></script>
  </head>
  <body><main><h1>Panel</h1><h2>Panel</h2><div id="panel"></div></main></body>
</html>
`;

export interface PanelPage {
  url: string;
  close: () => void;
}

/**
 * Serves the script of `entry`, which renders into #panel; `worker` stands in for the studio's, where the panel calls it;
 * `more` are other scripts that it starts, by name.
 */
export async function servePanel(entry: string, worker?: string, more: Record<string, string> = {}): Promise<PanelPage> {
  const folder = mkdtempSync(join(tmpdir(), "kiln-panel-"));
  writeFileSync(join(folder, "index.html"), html);
  await build({
    entryPoints: { main: entry, ...(worker && { worker }), ...more },
    outdir: folder,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    define: { KILN_COMMIT: '"test"' },
    sourcemap: "inline",
    plugins: [esbuildWgsl()],
    logLevel: "warning",
  });
  const server = staticServer(folder) as import("node:http").Server;
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What axe-core finds wrong with the page as it is: the rule and the element, a line each. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>("axe.run()");
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
