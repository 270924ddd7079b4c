// The built command line as a child process.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const repository = resolve(import.meta.dirname, "../..");
const cli = join(repository, "dist/cli.js");

export interface Outcome {
  code: number | null;
  /** The signal that ended the process. */
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export function buildCli(): void {
  const { status, stderr } = spawnSync(process.execPath, [join(repository, "scripts/build.mjs"), "--quiet"], { encoding: "utf8" });
  if (status !== 0) throw new Error(`build failed: ${stderr}`);
}

export function temporaryFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "kiln-cli-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const environment = { ...process.env, KILN_ADAPTER: "swiftshader", NO_COLOR: "1", FORCE_COLOR: undefined };

/** Runs to the end. Killed, with a code of null, when it hangs. */
export function kiln(folder: string, args: readonly string[], env: Record<string, string> = {}): Outcome {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { cwd: folder, env: { ...environment, ...env }, encoding: "utf8", timeout: 120_000, killSignal: "SIGKILL" });
  return { code: status, signal, stdout, stderr };
}

/** Starts, and lets the test talk to the process. */
export function startKiln(folder: string, args: readonly string[]): { child: ChildProcess; until(text: RegExp): Promise<void>; outcome: Promise<Outcome> } {
  const child = spawn(process.execPath, [cli, ...args], { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] });
  const outcome: Outcome = { code: null, signal: null, stdout: "", stderr: "" };
  const watchers = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      outcome[name] += chunk;
      for (const check of watchers) check();
    });
  }
  const ended = new Promise<Outcome>((done) =>
    child.once("close", (code, signal) => {
      outcome.code = code;
      outcome.signal = signal;
      done(outcome);
    }),
  );
  const until = (text: RegExp) =>
    new Promise<void>((found, missed) => {
      const check = () => {
        if (!text.test(outcome.stdout)) return;
        watchers.delete(check);
        found();
      };
      watchers.add(check);
      void ended.then(() => missed(new Error(`ended before ${text}:\n${outcome.stdout}\n${outcome.stderr}`)));
      check();
    });
  return { child, until, outcome: ended };
}
