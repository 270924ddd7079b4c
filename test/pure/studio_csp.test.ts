// The policy stands in the page, in the server and in the documents: once each, and the same.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
// @ts-expect-error plain JavaScript, of the build
import { headers } from "../../scripts/static_server.mjs";

const read = (path: string) => readFileSync(resolve(import.meta.dirname, "../..", path), "utf8");
const policy = (headers as Record<string, string>)["content-security-policy"]!;

describe("the studio's Content-Security-Policy", () => {
  it("allows nothing from elsewhere, nothing inline and no eval", () => {
    expect(policy).toMatch(/^default-src 'none';/);
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
  });

  it("is the page's own but for what only a header can say", () => {
    const meta = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(read("src/studio/index.html"))![1]!;
    expect(policy).toBe(`${meta}; frame-ancestors 'none'`);
  });

  it("is what the documents tell a server to send", () => expect(read("docs/studio.md")).toContain(`Content-Security-Policy: ${policy}\n`));

  it("has no inline script or style to forbid", () => expect(read("src/studio/index.html")).not.toMatch(/<style|style="|<script>|\son\w+="/));
});
