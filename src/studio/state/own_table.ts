// A table of the user's, and which of its columns are the text.
import { computed, signal } from "@preact/signals";
import { csvColumns, csvText } from "../../data/index.js";
import { changeSettings, ownText, type OwnText } from "./settings.js";

export interface OwnTable {
  name: string;
  source: string;
  /** By the first row, each name once. */
  columns: readonly string[];
  /** None of them: the rows as they stand. */
  chosen: readonly string[];
}

const read = signal<{ table: OwnTable; own: OwnText } | null>(null);
/** Null where the text is no table's, or no longer. */
export const ownTable = computed(() => (read.value && read.value.own === ownText.value ? read.value.table : null));

/** Throws DataError that names the line of a row that does not fit. */
export function useTable(name: string, source: string): void {
  use({ name, source, columns: [...new Set(csvColumns(source, name))], chosen: [] });
}

/** In the order of the table. */
export function chooseColumns(wanted: readonly string[]): void {
  const table = ownTable.value;
  if (table) use({ ...table, chosen: table.columns.filter((column) => wanted.includes(column)) });
}

/** The data are called as the command line calls them: "letters.csv#title,body". */
function use(table: OwnTable): void {
  const { name, source, chosen } = table;
  const own = chosen.length > 0 ? { name: `${name}#${chosen.join(",")}`, text: csvText(source, name, { columns: chosen }) } : { name, text: csvText(source, name) };
  read.value = { table, own };
  ownText.value = own;
  changeSettings({ data: own.name });
}
