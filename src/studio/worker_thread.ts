// The thread that trains, as the page holds it: calls to it, and how the page learns that it is no more.
import { wrap, type Remote } from "comlink";
import type { StudioWorker } from "./protocol.js";

/** What a call rejects with when the thread ends before its answer. */
export class ThreadEnded extends Error {
  override readonly name = "ThreadEnded";
}

export class WorkerThread {
  private readonly worker: Worker;
  private readonly remote: Remote<StudioWorker>;
  /** Of this thread alone, in all tabs: it holds a lock of this name (worker/alive.ts). */
  private readonly name = `kiln ${performance.timeOrigin} ${Math.random()}`;
  /** Calls that have not been answered. */
  private readonly waiting = new Set<(reason: ThreadEnded) => void>();
  private over: ThreadEnded | null = null;
  private end!: (reason: string) => void;
  /** Resolves with the reason when the thread is no more: it failed, or the browser ended it. */
  readonly ended = new Promise<string>((resolve) => (this.end = resolve));

  /** `url` by the page's address: a bundled chunk lies in a folder of its own. */
  constructor(url: URL) {
    this.worker = new Worker(url, { type: "module", name: this.name });
    this.remote = wrap<StudioWorker>(this.worker);
    // What failed there was in the middle of something: nothing of it is relied on any more.
    this.worker.onerror = (event) => {
      this.worker.terminate();
      this.end(event.message || "its script could not be loaded");
    };
    // A browser that ends a thread, for want of memory, sends no event. It only lets go of the thread's locks.
    this.worker.addEventListener("message", ({ data }) => data === "alive" && void this.gone().then(() => this.end("the browser ended it")));
    void this.ended.then((reason) => this.refuse(reason));
  }

  call(method: keyof StudioWorker, args: readonly unknown[]): Promise<unknown> {
    if (this.over) return Promise.reject(this.over);
    return new Promise((resolve, reject) => {
      const answer = Reflect.apply(this.remote[method] as (...args: unknown[]) => Promise<unknown>, undefined, args);
      this.waiting.add(reject);
      answer.then(resolve, reject).finally(() => this.waiting.delete(reject));
    });
  }

  /** Once the browser has cleared up behind the thread: what it held, such as the run that it trained, is free. */
  async gone(): Promise<void> {
    await navigator.locks?.request(this.name, () => {});
  }

  private refuse(reason: string): void {
    this.over = new ThreadEnded(`training in the background ended before it answered: ${reason}`);
    for (const reject of this.waiting) reject(this.over);
    this.waiting.clear();
  }
}
