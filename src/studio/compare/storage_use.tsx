// How much of this browser's storage the runs take, and whether it will keep them.
import { computed, effect, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { worker } from "../client.js";
import { bytes } from "../layout/format.js";
import { device, runs } from "../state/runs.js";
import type { StorageUse as Use } from "../storage/index.js";

/** What is stored changes with a checkpoint that was saved, and with runs that come and go. */
const stored = computed(() => [...runs.value.values()].map(({ record: { id, savedStep } }) => `${id} ${savedStep}`).join());
/** A run may save several times a second. */
const pause_ms = 1000;

export function StorageUse() {
  const use = useSignal<Use | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = async () => {
      timer = undefined;
      // A worker that ended meanwhile is asked again when there is another.
      use.value = await worker.storageUse().catch(() => use.value);
    };
    const end = effect(() => {
      void stored.value;
      if (device.value) timer ??= setTimeout(() => void look(), pause_ms);
    });
    return () => {
      end();
      clearTimeout(timer);
    };
  }, []);
  return use.value && <p class="muted storage-use">{inWords(use.value)}</p>;
}

function inWords({ kind, used, quota, persistent }: Use): string {
  if (kind === "memory") return "This browser stores nothing for this page: runs are gone when it is closed.";
  const size = used === null ? "This site stores its runs in this browser" : `This site stores ${bytes(used)}${quota === null ? "" : ` of at most ${bytes(quota)}`} in this browser`;
  return `${size}, which ${persistent ? "has promised to keep it" : "may clear it when the disk runs full: save what you want to keep"}.`;
}
