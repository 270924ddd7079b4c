// The package under several versions of Node: node scripts/node_versions.mjs 20 22 24
// Packs it, installs it into an empty project, and there trains, and runs kiln doctor, under each version that npm's package "node" brings.
// Every version must get the same losses, bit for bit.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const versions = process.argv.slice(2);
if (versions.length === 0 || versions.some((version) => !/^\d+(\.\d+)*$/.test(version))) throw new Error(`node_versions: needs versions such as 20 22 24, got ${versions.join(" ") || "none"}`);
const folder = mkdtempSync(join(tmpdir(), "kiln-node-versions-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const training = `
  import { AdamW, capture, nn, openDevice, schedule, text } from "kiln-gpu/node";
  const device = await openDevice();
  const data = text.characters("the quick brown fox jumps over the lazy dog. ".repeat(20), { block: 8, batch: 4, seed: 1 });
  const model = new nn.GPT(device, { layers: 1, heads: 1, width: 16, block: 8, vocab: data.vocab.size, seed: 1 });
  const optimizer = new AdamW(model.groups({ weightDecay: 0.1 }), { lr: schedule.warmup({ steps: 4, to: 0.02 }) });
  const step = capture(device, ({ tokens, targets }) => {
    optimizer.zeroGrad();
    const loss = model.loss(tokens, targets);
    loss.backward();
    optimizer.step();
    return loss;
  });
  const losses = [];
  for (let i = 0; i < 20; i++) losses.push(await step(data.next()).item());
  device.close();
  console.log(JSON.stringify(losses));`;

run(root, process.execPath, ["scripts/build.mjs", "--no-pages"]);
run(root, "npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder]);
writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
run(folder, "npm", ["install", `./${readdirSync(folder).find((name) => name.endsWith(".tgz"))}`, "--prefer-offline", "--no-audit", "--no-fund", "--omit=optional"]);
for (const peer of ["webgpu", "@sparticuz/chromium"]) {
  const link = join(folder, "node_modules", peer);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(join(root, "node_modules", peer), link);
}
writeFileSync(join(folder, "train.js"), training);
writeFileSync(join(folder, "text.txt"), "to be or not to be, that is the question. ".repeat(60));

const outcomes = versions.map(outcomeUnder);
for (const { told } of outcomes) console.log(told);
const losses = new Set(outcomes.flatMap(({ losses }) => losses ?? []));
if (losses.size > 1) console.log("FAIL  the versions do not agree on the losses");
process.exit(outcomes.every(({ ok }) => ok) && losses.size === 1 ? 0 : 1);

function outcomeUnder(version) {
  const prefix = join(folder, `node-${version}`);
  mkdirSync(prefix);
  writeFileSync(join(prefix, "package.json"), "{}");
  const installed = spawnSync("npm", ["install", `node@${version}`, "--no-audit", "--no-fund"], { cwd: prefix, encoding: "utf8" });
  const node = join(prefix, "node_modules/node/bin/node");
  const exact = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout?.trim();
  if (!exact) return { ok: false, told: `SKIP  Node ${version}: it cannot be installed here, ${installed.stderr.trim().split("\n").at(-1)}` };
  const under = (args) => spawnSync(node, args, { cwd: folder, encoding: "utf8", env: { ...process.env, KILN_ADAPTER: "swiftshader", NO_COLOR: "1" }, timeout: 200_000 });
  const cli = join(folder, "node_modules/kiln-gpu/dist/cli.js");
  const parts = {
    "20 steps": under(["train.js"]),
    "kiln train": under([cli, "train", "--data", "text.txt", "--layers", "1", "--heads", "1", "--width", "16", "--block", "16", "--batch", "4", "--steps", "4", "--out", `run-${version}`]),
    "kiln doctor": under([cli, "doctor"]),
  };
  const failed = Object.entries(parts).filter(([, { status }]) => status !== 0);
  const told = failed.length === 0 ? `PASS  Node ${exact}: ${Object.keys(parts).join(", ")}` : `FAIL  Node ${exact}: ${failed.map(([what, { stdout, stderr }]) => `${what}: ${stdout.slice(-500)} ${stderr.slice(-500)}`).join("\n")}`;
  return { ok: failed.length === 0, told, losses: failed.length === 0 ? parts["20 steps"].stdout.trim() : null };
}

function run(cwd, command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`node_versions: ${command} ${args.join(" ")} failed: ${stdout} ${stderr}`);
}
