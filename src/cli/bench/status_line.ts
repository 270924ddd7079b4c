// What is being measured now, on a terminal's last line; nothing elsewhere.
import pc from "picocolors";

export interface StatusLine {
  show(text: string): void;
  clear(): void;
}

export function statusLine(): StatusLine {
  if (process.stderr.isTTY !== true || process.env.TERM === "dumb") return { show: () => {}, clear: () => {} };
  const write = (text: string) => process.stderr.write(`\r\u001b[2K${text}`);
  return { show: (text) => write(pc.dim(text.slice(0, (process.stderr.columns || 80) - 1))), clear: () => write("") };
}
