// Results of cells in the browser's storage: a sweep whose page was closed goes on from them.
import type { CellStore, StoredCell } from "../../lab/index.js";
import { MemoryFiles, type Files } from "../storage/files.js";
import { IndexedFiles } from "../storage/indexed_files.js";
import { OpfsFiles } from "../storage/opfs_files.js";

interface Kept {
  /** Experiment, revision, size, adapter, version: results of another do not count. */
  identity: string;
  cells: [key: string, cell: StoredCell][];
}

/** Files are written whole: not for each cell of a fast sweep. */
const between_ms = 2000;

/** Where nothing else can be had, in memory. */
export async function openCellFiles(): Promise<Files> {
  for (const open of [() => OpfsFiles.open(), () => IndexedFiles.open()]) {
    try {
      return await open();
    } catch {
      // The studio's own store has told why.
    }
  }
  return new MemoryFiles();
}

export class FileCells implements CellStore {
  private written_ms = performance.now();

  private constructor(
    private readonly files: Files,
    private readonly path: string,
    private readonly identity: string,
    private readonly cells: Map<string, StoredCell>,
  ) {}

  static async open(files: Files, name: string, identity: string, fresh: boolean): Promise<FileCells> {
    const path = `lab/${name}.json`;
    const kept = fresh ? null : parsed(await files.read(path));
    return new FileCells(files, path, identity, new Map(kept?.identity === identity ? kept.cells : []));
  }

  async read(): Promise<ReadonlyMap<string, StoredCell>> {
    return this.cells;
  }

  async add(key: string, cell: StoredCell): Promise<void> {
    this.cells.set(key, cell);
    if (performance.now() - this.written_ms >= between_ms) await this.flush();
  }

  /** Writes what `add` has not yet. */
  async flush(): Promise<void> {
    const kept: Kept = { identity: this.identity, cells: [...this.cells] };
    await this.files.write(this.path, new TextEncoder().encode(JSON.stringify(kept)));
    this.written_ms = performance.now();
  }
}

/** Null for none, and for what is no such file. */
function parsed(bytes: Uint8Array | null): Kept | null {
  try {
    const kept = bytes && (JSON.parse(new TextDecoder().decode(bytes)) as Partial<Kept>);
    return typeof kept?.identity === "string" && Array.isArray(kept.cells) ? (kept as Kept) : null;
  } catch {
    return null;
  }
}
