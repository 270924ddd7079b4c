// npm run studio: builds Kiln Studio and serves it on this machine. --port <n>, 8765 by default, 0 for any that is free;
// --watch builds again when a source file changes; --no-build serves what dist/studio holds.
import { parseArgs } from "node:util";
import { buildStudio, watchStudio } from "./build_studio.mjs";
import { staticServer } from "./static_server.mjs";

process.chdir(new URL("..", import.meta.url).pathname);
const folder = "dist/studio";

const { port, watch, "no-build": noBuild } = flags();
if (watch) await watchStudio(folder);
else if (!noBuild) await buildStudio(folder);

const server = staticServer(folder);
server.on("error", (error) => fail(error.code === "EADDRINUSE" ? `port ${port} is in use; add --port 0 for a free one` : error.message));
// Browsers give WebGPU to https and to localhost only, so other machines could not use the page anyway.
server.listen(port, "127.0.0.1", () => console.log(`Kiln Studio: http://localhost:${server.address().port}/   (Ctrl-C ends it)`));

function flags() {
  try {
    const { values } = parseArgs({ options: { port: { type: "string", default: "8765" }, watch: { type: "boolean", default: false }, "no-build": { type: "boolean", default: false } } });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535) fail(`--port needs a whole number from 0 to 65535, got ${values.port}`);
    return { ...values, port };
  } catch (error) {
    fail(error.message);
  }
}

function fail(message) {
  console.error(`studio: ${message}`);
  process.exit(1);
}
