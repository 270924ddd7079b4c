// What the page tells the user in passing.
import { notices } from "./runs.js";

export type NoticeLevel = "info" | "warning" | "error";

let last = 0;
/** More would cover the page; the oldest gives way. */
const mostShown = 4;

export function notify(level: NoticeLevel, text: string): void {
  const others = notices.value.filter((notice) => notice.text !== text);
  notices.value = [...others, { id: ++last, level, text }].slice(-mostShown);
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
