// npm run studio: its flags, and a server that gives out its folder and nothing else.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
// @ts-expect-error plain JavaScript, of the build
import { staticServer } from "../../scripts/static_server.mjs";
import { temporaryFolder } from "./run_kiln.js";

const script = resolve(import.meta.dirname, "../../scripts/studio.mjs");
const { folder, remove } = temporaryFolder();
const requested: string[] = [];
let server: Server;

beforeAll(async () => {
  mkdirSync(join(folder, "site/sub"), { recursive: true });
  writeFileSync(join(folder, "site/index.html"), "the page");
  writeFileSync(join(folder, "site/sub/main.js"), "1");
  mkdirSync(join(folder, "site-private"));
  writeFileSync(join(folder, "site-private/secret.txt"), "not for you");
  writeFileSync(join(folder, "secret.txt"), "not for you");
  symlinkSync(join(folder, "secret.txt"), join(folder, "site/link.txt"));
  symlinkSync(folder, join(folder, "site/up"));
  server = staticServer(join(folder, "site"), { prefix: "/kiln/", onRequest: (path: string) => requested.push(path) }) as Server;
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});

afterAll(() => {
  server.close();
  remove();
});

/** With the path as it is: fetch would tidy it up. */
function get(path: string, method = "GET"): Promise<{ status: number; type: string | undefined; policy: string | undefined; body: string }> {
  return new Promise((done, fail) => {
    request({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", path, method }, (response) => {
      let body = "";
      response.on("data", (part) => (body += String(part)));
      response.on("end", () => done({ status: response.statusCode!, type: response.headers["content-type"], policy: response.headers["content-security-policy"] as string | undefined, body }));
    })
      .on("error", fail)
      .end();
  });
}

describe("the static server", () => {
  it("gives files their types and the policy, in a sub-folder", async () => {
    expect(await get("/kiln/")).toMatchObject({ status: 200, type: "text/html; charset=utf-8", body: "the page", policy: expect.stringContaining("default-src 'none'") });
    expect(await get("/kiln/sub/main.js?x=1")).toMatchObject({ status: 200, type: "text/javascript; charset=utf-8", body: "1" });
    expect(await get("/kiln/", "HEAD")).toMatchObject({ status: 200, body: "" });
    expect(requested).toContain("/kiln/sub/main.js");
  });

  it("gives nothing outside its folder, and takes nothing", async () => {
    const outside = ["/kiln/../secret.txt", "/kiln/%2e%2e/secret.txt", "/kiln/..%2fsecret.txt", "/kiln/..%5csecret.txt", "/kiln//../../secret.txt", "/kiln/../site-private/secret.txt", "/kiln/%2e%2e/site-private/secret.txt", "/kiln//etc/passwd", "/secret.txt"];
    for (const path of [...outside, "/kiln/sub", "/kiln/%", "/"]) expect((await get(path)).status, path).toBe(404);
    expect((await get("/kiln/", "POST")).status).toBe(404);
  });

  it("follows no link out of its folder", async () => {
    for (const path of ["/kiln/link.txt", "/kiln/up/secret.txt", "/kiln/up/site-private/secret.txt"]) expect((await get(path)).status, path).toBe(404);
  });

  it("survives names that no file can have", async () => {
    for (const path of ["/kiln/%00", "/kiln/sub%00/main.js", `/kiln/${"x".repeat(5000)}`, `/kiln/${"x/".repeat(3000)}`, "/kiln/%ff%fe", "//kiln/", "/kiln/index.html/more"]) {
      expect((await get(path)).status, path.slice(0, 30)).toBe(404);
    }
    expect((await get("/kiln/")).status).toBe(200);
  });

  it("lets no other site embed its files or reach its window", async () => {
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/kiln/sub/main.js`, { headers: { origin: "https://elsewhere.example" } });
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    expect(response.headers.get("cross-origin-resource-policy")).toBe("same-origin");
    expect(response.headers.get("cross-origin-opener-policy")).toBe("same-origin");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });
});

describe("npm run studio", () => {
  it("prints the address that it serves", async () => {
    const child = spawn(process.execPath, [script, "--port", "0", "--no-build"]);
    try {
      const line = await new Promise<string>((done, fail) => {
        child.stdout.on("data", (text) => done(String(text)));
        child.on("exit", () => fail(new Error("it ended")));
      });
      const url = /http:\/\/localhost:\d+\//.exec(line)![0];
      expect((await fetch(`${url}no-such-file`)).status).toBe(404);
    } finally {
      child.kill();
    }
  });

  it("refuses flags that it does not know, and ports that cannot be", () => {
    const run = (...flags: string[]) => spawnSync(process.execPath, [script, ...flags], { encoding: "utf8" });
    expect(run("--prot", "1")).toMatchObject({ status: 1, stderr: expect.stringContaining("--prot") });
    expect(run("--port", "99999")).toMatchObject({ status: 1, stderr: expect.stringContaining("from 0 to 65535, got 99999") });
  });
});
