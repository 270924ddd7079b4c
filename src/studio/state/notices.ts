// What the page tells the user in passing.
import type { RunId } from "../protocol.js";
import { notices } from "./runs.js";

export type NoticeLevel = "info" | "warning" | "error";

let last = 0;
/** More would cover the page; the oldest gives way. */
const mostShown = 4;

/** `unsaved` is a run that the notice offers as a file. */
export function notify(level: NoticeLevel, text: string, unsaved: RunId | null = null): void {
  const others = notices.value.filter((notice) => notice.text !== text);
  notices.value = [...others, { id: ++last, level, text, unsaved }].slice(-mostShown);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** Carries out what a button asks for, and says why when it fails. */
export async function telling(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    notify("error", error instanceof Error ? error.message : String(error));
  }
}
