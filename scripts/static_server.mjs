// A web server for a folder of static files, with the headers that Kiln Studio should be served under.
import { createReadStream, realpathSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
  ".md": "text/plain; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
};

/** The page says the same in a meta tag; as a header it covers the workers too, which a meta tag does not. */
export const headers = {
  "content-security-policy": "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  // No other site may embed a file, or keep a hold of the page's window.
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-cache",
};

/** Serves `folder` under `prefix`. `onRequest` sees each path. */
export function staticServer(folder, { prefix = "/", onRequest = () => {} } = {}) {
  return createServer((request, response) => {
    const path = pathOf(request.url ?? "/");
    onRequest(path);
    const file = path !== null && path.startsWith(prefix) ? fileAt(folder, path.slice(prefix.length)) : null;
    if (file === null || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(404, { "content-type": "text/plain", ...headers }).end("not found\n");
      return;
    }
    response.writeHead(200, { "content-type": types[extname(file.path)] ?? "application/octet-stream", "content-length": file.size, ...headers });
    if (request.method === "HEAD") response.end();
    else createReadStream(file.path).on("error", () => response.destroy()).pipe(response);
  });
}

function pathOf(url) {
  try {
    return decodeURIComponent(new URL(url, "http://localhost").pathname);
  } catch {
    return null;
  }
}

/** Null for what is not a file below `folder`, also by way of a link. */
function fileAt(folder, path) {
  const wanted = normalize(join(folder, path === "" || path.endsWith("/") ? `${path}index.html` : path));
  try {
    const real = realpathSync(wanted);
    if (!real.startsWith(realpathSync(folder) + sep)) return null;
    const stats = statSync(real);
    return stats.isFile() ? { path: real, size: stats.size } : null;
  } catch {
    // There is none, or no file can have this name: a NUL, or more characters than the system takes.
    return null;
  }
}
