// npm run studio: its flags, and a server that gives out its folder and nothing else.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
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
  writeFileSync(join(folder, "secret.txt"), "not for you");
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
    for (const path of ["/kiln/../secret.txt", "/kiln/%2e%2e/secret.txt", "/kiln/..%2fsecret.txt", "/kiln//../../secret.txt", "/secret.txt", "/kiln/sub", "/kiln/%", "/"]) {
      expect((await get(path)).status, path).toBe(404);
    }
    expect((await get("/kiln/", "POST")).status).toBe(404);
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
