import { describe, expect, it } from "vitest";
import { csvColumns, csvText, textOfFile } from "../../src/data/index.js";
import { DataError, UsageError } from "../../src/errors.js";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("csvText", () => {
  it("keeps rows as lines, without blank ones", () => {
    expect(csvText("a,b\n1,2\n\n3,4", "t.csv")).toBe("a,b\n1,2\n3,4\n");
  });

  it("takes columns in the order named, with quotes, delimiters and line ends in cells", () => {
    const table = 'id,who,said\n1,"Stubb, second mate","Think not, is\nmy ""eleventh"" commandment"\n2,Ahab,\n3,"",""""\n';
    expect(csvText(table, "t.csv", { columns: ["said", "who"] })).toBe('Think not, is my "eleventh" commandment\tStubb, second mate\n\tAhab\n"\t\n');
    expect(csvText(table, "t.csv")).toBe(table);
  });

  it("names its columns", () => {
    expect(csvColumns('id,"who, then",\n1,2,3', "t.csv")).toEqual(["id", "who, then", ""]);
  });

  it("finds semicolons and tabs by the first row", () => {
    expect(csvText("a;b\n1,5;2", "t.csv", { columns: ["a"] })).toBe("1,5\n");
    expect(csvText("a\tb\n1,5\t2", "t.tsv", { columns: ["b"] })).toBe("2\n");
    expect(csvText('"x,y";b\n1;2', "t.csv", { columns: ["x,y"] })).toBe("1\n");
    expect(csvText("alone\nrow", "t.csv", { columns: ["alone"] })).toBe("row\n");
  });

  it.each([
    ["a,b\n1,2\n3\n", "t.csv: line 3 has 1 cell, the first row has 2; mend the row, or rename the file to .txt to train on it as it is"],
    ['a,b\n"1\n\n2",2\n\n3,4,5', "t.csv: line 6 has 3 cells, the first row has 2; mend"],
    ['a,b\n1,"2\n3,4', "t.csv: line 2 has a quote that is not closed; mend"],
    ['a,b\n1,"2"x\n', 't.csv: line 2 has text behind a quoted cell, got "x"; mend'],
    ["\n \n", "t.csv: no rows, got only blank lines"],
  ])("refuses %j", (table, message) => {
    expect(() => csvText(table, "t.csv")).toThrow(DataError);
    expect(() => csvText(table, "t.csv")).toThrow(message);
  });

  it("refuses columns that there are not", () => {
    expect(() => csvText("a,b\n1,2", "t.csv", { columns: ["a", "c"] })).toThrow(new DataError('t.csv: no column "c" in its first row; it has "a", "b"'));
    expect(() => csvText("a,b\n1,2", "t.csv", { columns: [] })).toThrow("t.csv: no columns to take, got an empty list; name some");
    expect(() => csvText("a,b", "t.csv", { columns: ["a"] })).toThrow("t.csv: no row after the names of its columns");
    expect(() => csvText("a,b", "t.csv", { column: "a" } as never)).toThrow(UsageError);
  });

  it("reads what it wrote: any cells, quoted", () => {
    const cells = ["", "plain", 'a "quoted" word', "comma, and\ttab; and", "two\nlines", '"', '""', " spaced "];
    const quote = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
    const table = ["first,second", ...cells.flatMap((a) => cells.map((b) => `${quote(a)},${quote(b)}`))].join("\n");
    const lines = cells.flatMap((a) => cells.map((b) => `${a.replace("\n", " ")}\t${b.replace("\n", " ")}`));
    expect(csvText(table, "t.csv", { columns: ["first", "second"] })).toBe(lines.map((line) => `${line}\n`).join(""));
  });
});

describe("textOfFile", () => {
  it("reads tables by their name, other files as they are", () => {
    expect(textOfFile(bytes("a,b\r\n1,2\r\n"), "t.CSV#b")).toBe("2\n");
    expect(textOfFile(bytes("\ufeffa,b\n1,2\n"), "t.csv# a ")).toBe("1\n");
    expect(textOfFile(bytes("a,b\n1\n"), "t.txt")).toBe("a,b\n1\n");
    expect(textOfFile(bytes("a#b"), "t.txt#b")).toBe("a#b");
    expect(() => textOfFile(bytes("a,b\n1\n"), "t.csv")).toThrow("t.csv: line 2 has 1 cell");
  });

  it("names the byte and the line of what is not UTF-8, and an empty file", () => {
    expect(() => textOfFile(Uint8Array.of(0x61, 0x2c, 0x62, 0x0a, 0xe9, 0x2c, 0x62), "t.csv")).toThrow(new DataError("t.csv: not UTF-8 text, got byte 0xE9 at offset 4 (line 2); convert the file to UTF-8"));
    expect(() => textOfFile(new Uint8Array(), "t.csv")).toThrow("t.csv: the file is empty");
  });

  it("does not slow down on a line of millions of characters", () => {
    const long = `a,b\n${"x".repeat(4e6)},1\n`;
    const started = performance.now();
    expect(textOfFile(bytes(long), "t.csv")).toBe(long);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
