// A text of the user's: pasted, dropped or chosen.
import { decodeText, isTable, isTask } from "../../data/index.js";
import { mobyDick } from "../data_sources.js";
import { useTable } from "./own_table.js";
import { changeSettings, ownText } from "./settings.js";

/** Above it the page would be slow for seconds with every change of the form. */
const most_MB = 50;

export function useText(name: string, text: string): void {
  // A file called as the built-in data are gets another name.
  const called = name === mobyDick.name || isTask(name) ? `my ${name}` : name;
  ownText.value = { name: called, text };
  changeSettings({ data: called });
}

/** Throws DataError for what is no text in UTF-8, or a table with a row that does not fit. */
export async function useFile(file: File): Promise<void> {
  if (file.size > most_MB * 1e6) throw new Error(`${file.name} has ${(file.size / 1e6).toFixed(0)} MB; the page takes texts up to ${most_MB} MB: cut it, or train on all of it with "npx kiln train --data"`);
  const text = decodeText(new Uint8Array(await file.arrayBuffer()), file.name);
  if (isTable(file.name)) useTable(file.name, text);
  else useText(file.name, text);
}
