// Tables as text to train on: comma-separated values, checked row by row.
import { DataError } from "../errors.js";
import { checkOptions } from "../options.js";
import { decodeText } from "./source.js";

/** What `csvText` takes of a table. */
export interface CsvOptions {
  /** Columns by the names in the first row, in the order they are to be written; by default the rows stay as they are. */
  columns?: readonly string[];
}

interface Row {
  cells: string[];
  /** Of the file, from 1. */
  line: number;
  /** As it stands in the file. */
  text: string;
}

const delimiters = [",", ";", "\t"] as const;

/**
 * The rows of a table as lines of text: as they stand, or the cells of some columns with tabs between. Blank lines are left out.
 *
 * Range:  cells between commas, semicolons or tabs, whichever the first row has most of; a cell in double quotes may hold any
 *         of them, line ends, and quotes written twice. With columns, a line end in a cell becomes a space, and the first row
 *         is left out.
 * Throws: DataError that names the line of a row with more or fewer cells than the first, of a quote that is not closed, or of
 *         text behind one; DataError for a column that there is not.
 * Source: RFC 4180.
 */
export function csvText(source: string, name: string, options: CsvOptions = {}): string {
  checkOptions("csvText", options, ["columns"]);
  const rows = rowsOf(source, name);
  const [header] = rows;
  if (!header) throw new DataError(`${name}: no rows, got only blank lines; use a file with text`);
  const { columns } = options;
  for (const { cells, line } of rows) {
    if (cells.length !== header.cells.length) {
      throw new DataError(`${name}: line ${line} has ${cells.length} ${cells.length === 1 ? "cell" : "cells"}, the first row has ${header.cells.length}; mend the row, or rename the file to .txt to train on it as it is`);
    }
  }
  if (!columns) return rows.map(({ text }) => `${text}\n`).join("");
  const places = columns.map((column) => header.cells.indexOf(column));
  const unknown = columns[places.indexOf(-1)];
  if (unknown !== undefined) throw new DataError(`${name}: no column "${unknown}" in its first row; it has ${header.cells.map((cell) => `"${cell}"`).join(", ")}`);
  if (places.length === 0 || rows.length === 1) throw new DataError(`${name}: ${places.length === 0 ? "no columns to take, got an empty list; name some" : "no row after the names of its columns; use a file with more rows"}`);
  return rows.slice(1).map(({ cells }) => `${places.map((place) => cells[place]!.replace(/\n/g, " ")).join("\t")}\n`).join("");
}

/** The names in a table's first row. Throws DataError as `csvText`. */
export function csvColumns(source: string, name: string): string[] {
  return rowsOf(source, name)[0]?.cells ?? [];
}

/**
 * The text of a file. A name that ends in .csv or .tsv is a table; behind "#" it may name columns: "letters.csv#title,body".
 *
 * Throws: DataError for what is not UTF-8, empty, or a malformed table.
 */
export function textOfFile(bytes: Uint8Array, name: string): string {
  const { path, columns } = splitFileName(name);
  const text = decodeText(bytes, path);
  return isTable(path) ? csvText(text, path, columns ? { columns } : {}) : text;
}

/** A file's name without the columns behind "#", which only a table has. */
export function splitFileName(name: string): { path: string; columns: string[] | null } {
  const [, path, list] = /^(.*\.[ct]sv)#(.*)$/is.exec(name) ?? [];
  return path === undefined ? { path: name, columns: null } : { path, columns: list!.split(",").map((column) => column.trim()) };
}

/** By its name. */
export function isTable(path: string): boolean {
  return /\.[ct]sv$/i.test(path);
}

function rowsOf(source: string, name: string): Row[] {
  const delimiter = delimiterOf(source.slice(0, (source.indexOf("\n") + 1 || source.length + 1) - 1));
  const rows: Row[] = [];
  let [at, line] = [0, 1];
  while (at < source.length) {
    const row = readRow(source, at, delimiter, (what) => {
      throw new DataError(`${name}: line ${line} has ${what}; mend the row, or rename the file to .txt to train on it as it is`);
    });
    const text = source.slice(at, row.end);
    if (text.trim() !== "") rows.push({ cells: row.cells, line, text });
    line += text.split("\n").length;
    at = row.end + 1;
  }
  return rows;
}

function delimiterOf(header: string): string {
  const unquoted = header.replace(/"(?:[^"]|"")*"/g, "");
  const counts = delimiters.map((delimiter) => unquoted.split(delimiter).length);
  return delimiters[counts.indexOf(Math.max(...counts))]!;
}

/** The cells from `start` to the end of the row, which is a line end or the end of the text. */
function readRow(source: string, start: number, delimiter: string, fail: (what: string) => never): { cells: string[]; end: number } {
  const cells: string[] = [];
  for (let at = start; ; at++) {
    const cell = source[at] === '"' ? quotedCell(source, at, fail) : plainCell(source, at, delimiter);
    cells.push(cell.text);
    at = cell.end;
    if (at >= source.length || source[at] === "\n") return { cells, end: at };
    if (source[at] !== delimiter) fail(`text behind a quoted cell, got ${JSON.stringify(source[at])}`);
  }
}

function plainCell(source: string, start: number, delimiter: string): { text: string; end: number } {
  let end = start;
  while (end < source.length && source[end] !== delimiter && source[end] !== "\n") end++;
  return { text: source.slice(start, end), end };
}

function quotedCell(source: string, start: number, fail: (what: string) => never): { text: string; end: number } {
  for (let at = start + 1; ; at += 2) {
    at = source.indexOf('"', at);
    if (at < 0) fail("a quote that is not closed");
    if (source[at + 1] !== '"') return { text: source.slice(start + 1, at).replaceAll('""', '"'), end: at + 1 };
  }
}
