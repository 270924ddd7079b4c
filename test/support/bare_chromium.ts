// Chromium without Playwright, which makes every page believe that it is seen: driven by the debugger's own protocol, through a pipe.
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { chromiumCommand, quietFlags } from "./browser.js";

interface Answer {
  id?: number;
  result?: unknown;
  error?: { message: string };
}

/** One page. */
export interface BareTab {
  /** "minimized" hides the page. */
  setWindow(state: "minimized" | "normal"): Promise<void>;
  /** The value of an expression in the page; of its promise where it is one. */
  evaluate<T>(expression: string): Promise<T>;
}

export class BareChromium {
  private readonly profile = mkdtempSync(join(tmpdir(), "kiln-chromium-"));
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  private readonly ended: Promise<void>;
  private last = 0;
  private unread = "";

  /** Without a window. */
  constructor(extraFlags: readonly string[], { executable, env } = chromiumCommand()) {
    const flags = [...quietFlags, ...extraFlags, "--headless", "--no-first-run", "--remote-debugging-pipe", `--user-data-dir=${this.profile}`, "about:blank"];
    this.child = spawn(executable, flags, { env, stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    (this.child.stdio[4] as Readable).setEncoding("utf8").on("data", (text: string) => this.read(text));
    this.ended = new Promise((resolve) => this.child.once("exit", () => resolve()));
    void this.ended.then(() => this.waiting.forEach(({ reject }) => reject(new Error("Chromium has ended"))));
  }

  send<T>(method: string, params: object = {}, session?: string): Promise<T> {
    const id = ++this.last;
    (this.child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...(session && { sessionId: session }) })}\0`);
    return new Promise((resolve, reject) => this.waiting.set(id, { resolve: resolve as (result: unknown) => void, reject }));
  }

  /** In a window of its own. */
  async openTab(url: string): Promise<BareTab> {
    const { targetId } = await this.send<{ targetId: string }>("Target.createTarget", { url });
    const { sessionId } = await this.send<{ sessionId: string }>("Target.attachToTarget", { targetId, flatten: true });
    const evaluate = async <T>(expression: string): Promise<T> => {
      const { result, exceptionDetails } = await this.send<{ result: { value: T }; exceptionDetails?: { text: string } }>("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true }, sessionId);
      if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.text}`);
      return result.value;
    };
    const setWindow = async (windowState: string): Promise<void> => {
      const { windowId } = await this.send<{ windowId: number }>("Browser.getWindowForTarget", { targetId });
      await this.send("Browser.setWindowBounds", { windowId, bounds: { windowState } });
    };
    return { setWindow, evaluate };
  }

  async close(): Promise<void> {
    await this.send("Browser.close").catch(() => {});
    await this.ended;
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Messages end with a zero. */
  private read(text: string): void {
    const messages = (this.unread + text).split("\0");
    this.unread = messages.pop()!;
    for (const message of messages) {
      const { id, result, error } = JSON.parse(message) as Answer;
      const asked = id !== undefined && this.waiting.get(id);
      if (!asked) continue;
      this.waiting.delete(id);
      if (error) asked.reject(new Error(error.message));
      else asked.resolve(result);
    }
  }
}
