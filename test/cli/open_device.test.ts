// Finding an adapter, each way in a process of its own: a Vulkan loader stays once it is loaded.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runScript } from "../support/child.js";

const noSystemVulkan = { VK_DRIVER_FILES: "/nonexistent", VK_ICD_FILENAMES: "/nonexistent", KILN_ADAPTER: "" };

const openAndCompute = (options: string) => `
  import { openDevice } from "./src/node/open_device.js";
  import { fromArray, softmax } from "./src/ops/index.js";
  const device = await openDevice(${options});
  const y = await softmax(fromArray(device, [0, 0])).data();
  console.log(JSON.stringify({ name: device.adapter.name, software: device.adapter.software, y: [...y] }));
  device.close();
`;

describe("openDevice in Node", () => {
  it("falls back to the packaged SwiftShader when the system has no Vulkan driver, and the process ends by itself", async () => {
    const { code, stdout, stderr } = await runScript(openAndCompute(""), noSystemVulkan);
    expect(code, stderr).toBe(0);
    const result = JSON.parse(stdout);
    expect(result.name).toContain("SwiftShader");
    expect(result.software).toBe(true);
    expect(result.y).toEqual([0.5, 0.5]);
  });

  it("unpacks the driver into an empty cache folder, once", async () => {
    const cache = mkdtempSync(join(tmpdir(), "kiln-cache-"));
    try {
      const env = { ...noSystemVulkan, KILN_CACHE: cache };
      const runs = await Promise.all([runScript(openAndCompute(""), env), runScript(openAndCompute(""), env)]);
      for (const { code, stderr } of runs) expect(code, stderr).toBe(0);
      const folders = readdirSync(cache);
      expect(folders).toHaveLength(1);
      expect(readdirSync(join(cache, folders[0]!)).sort()).toEqual(["libvk_swiftshader.so", "libvulkan.so.1", "vk_swiftshader_icd.json"]);
    } finally {
      rmSync(cache, { recursive: true, force: true });
    }
  });

  it("lists what it tried when no adapter fits, and the process ends by itself", async () => {
    const { code, stderr } = await runScript(openAndCompute(`{ adapter: "hardware" }`), noSystemVulkan);
    expect(code).toBe(1);
    expect(stderr).toContain("AdapterError: openDevice: no WebGPU adapter found; tried");
    expect(stderr).toContain("  - the system's graphics drivers: requestAdapter gave no adapter");
  });

  it("refuses an archive that is not the one expected", async () => {
    const { stdout } = await runScript(`
      import fs from "node:fs";
      import { syncBuiltinESMExports } from "node:module";
      const read = fs.readFileSync;
      fs.readFileSync = (path, ...rest) => String(path).endsWith("swiftshader.tar.br") ? Buffer.from("tampered") : read(path, ...rest);
      syncBuiltinESMExports();
      const { openDevice } = await import("./src/node/open_device.js");
      await openDevice({ adapter: "swiftshader" }).catch((error) => console.log(error.name, error.message));
    `);
    expect(stdout).toMatch(/AdapterError.*\n.*SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}/);
  });

  it("rejects an unknown choice and an unknown option", async () => {
    const { stdout } = await runScript(`
      import { openDevice } from "./src/node/open_device.js";
      await openDevice({ adapter: "cuda" }).catch((error) => console.log(error.message));
      await openDevice({ adaptor: "auto" }).catch((error) => console.log(error.message));
    `);
    expect(stdout).toContain('openDevice: unknown adapter, got "cuda"; use auto, hardware, system-software, swiftshader');
    expect(stdout).toContain('openDevice: unknown option "adaptor"; known options: adapter, toggles');
  });
});
