// Exit codes, and how an error ends the program.
import pc from "picocolors";
import { KilnError } from "../errors.js";

export const exitCodes = {
  ok: 0,
  /** A bad value, a missing file, no adapter, a failed run. */
  failed: 1,
  /** A command or flag that does not exist, or lacks its value. */
  usage: 2,
  /** Ctrl-C: 128 + SIGINT. */
  interrupted: 130,
} as const;

/** Errors made on purpose are one line; any other is a fault of Kiln's and keeps its stack. */
export function describeError(error: unknown): string {
  if (error instanceof KilnError) return `${pc.red("error:")} ${error.message}`;
  return `${pc.red("unexpected error:")} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
