// Several tabs of the studio: one lock a run, so that only one of them trains it, and what one does is told to the others.
import type { RunId, StudioEvent } from "../protocol.js";

const channelName = "kiln-studio";
const lockPrefix = "kiln-studio run ";
const patience_ms = 250;

/** What other tabs are told: a tool's or a device's state is each tab's own. */
const shared: ReadonlySet<StudioEvent["kind"]> = new Set(["record", "rows", "rewound", "sample", "removed"]);

export class Tabs {
  private readonly channel: BroadcastChannel | null;
  private readonly locks = (globalThis.navigator as Navigator | undefined)?.locks ?? null;

  /** `onEvent` gets what other tabs tell, in their order. What they tell is stored already. */
  constructor(onEvent: (event: StudioEvent) => void) {
    this.channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(channelName);
    if (this.channel) this.channel.onmessage = ({ data }: MessageEvent<StudioEvent>) => onEvent(data);
  }

  tell(event: StudioEvent): void {
    if (shared.has(event.kind)) this.channel?.postMessage(event);
  }

  /** Takes hold of a run: only its holder writes to it. The browser lets go for a tab that is closed or crashes. Null where another tab holds it. */
  take(run: RunId): Promise<(() => void) | null> {
    const { locks } = this;
    if (!locks) return Promise.resolve(() => {});
    return new Promise((resolve, reject) => {
      const hold = () => new Promise<void>((release) => resolve(release));
      // Not at once: tabs that wait for the run hold it for a moment, each in turn, when it is let go.
      const signal = AbortSignal.timeout(patience_ms);
      locks.request(lockPrefix + run, { signal }, hold).catch((error: unknown) => (signal.aborted ? resolve(null) : reject(error)));
    });
  }

  /** Resolves when no tab holds the run. */
  async freed(run: RunId): Promise<void> {
    // Without locks nobody knows.
    await (this.locks?.request(lockPrefix + run, () => {}) ?? new Promise(() => {}));
  }

  /** Runs that a tab holds, this one included. */
  async held(): Promise<ReadonlySet<RunId>> {
    const { held = [] } = (await this.locks?.query()) ?? {};
    const names = held.map(({ name }) => name ?? "").filter((name) => name.startsWith(lockPrefix));
    return new Set(names.map((name) => name.slice(lockPrefix.length)));
  }

  close(): void {
    this.channel?.close();
  }
}

/** For the user who wants to change a run that another tab holds. */
export function heldElsewhere(name: string): string {
  return `"${name}" is open in another tab of Kiln Studio, which trains it: it can be watched here, and changed there. Stop it there, or close that tab, to go on here.`;
}
