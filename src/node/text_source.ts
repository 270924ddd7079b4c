import { isTask, splitFileName, textOfFile } from "../data/index.js";
import { readFileBytes } from "./files.js";
import { mobyDick } from "./moby_dick.js";

/** The name that stands for the text from npm. */
export const defaultText = "moby-dick";

/** The text that `--data` names: a file, or the default one; none for a toy task. Throws DataError. */
export function readText(source: string): string {
  if (isTask(source)) return "";
  return source === defaultText ? mobyDick() : textOfFile(readFileBytes(splitFileName(source).path, "--data"), source);
}
