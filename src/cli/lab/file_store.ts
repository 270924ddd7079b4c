// Results of cells in a file, a line each: what an interrupted sweep goes on from.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "../../errors.js";
import type { CellStore, StoredCell } from "../../lab/index.js";
import { makeFolder, reason } from "../../node/files.js";

interface Line extends StoredCell {
  key: string;
}

export class FileStore implements CellStore {
  /** Why results in the file did not count, null where they do or there were none. */
  readonly restarted: string | null;
  private readonly kept = new Map<string, StoredCell>();

  /**
   * `identity` says what results must share to belong together (experiment, revision, size, adapter, version); a file of another one is begun again.
   * `fresh` begins it again in any case.
   */
  constructor(
    private readonly path: string,
    identity: string,
    { fresh = false }: { fresh?: boolean } = {},
  ) {
    const [head, ...lines] = !fresh && existsSync(path) ? readFileSync(path, "utf8").split("\n") : [];
    const belongs = head === identity;
    this.restarted = head !== undefined && !belongs ? `results of another version or adapter, in ${path}, are measured again` : null;
    if (belongs) for (const { key, ...cell } of lines.flatMap(parsed)) this.kept.set(key, cell);
    // Written whole: a line that a crash cut off would spoil the one after it.
    this.writing(() => {
      makeFolder(dirname(path));
      writeFileSync(path, [identity, ...[...this.kept].map(([key, cell]) => JSON.stringify({ key, ...cell })), ""].join("\n"));
    });
  }

  async read(): Promise<ReadonlyMap<string, StoredCell>> {
    return this.kept;
  }

  async add(key: string, cell: StoredCell): Promise<void> {
    this.kept.set(key, cell);
    this.writing(() => appendFileSync(this.path, `${JSON.stringify({ key, ...cell })}\n`));
  }

  private writing(work: () => void): void {
    try {
      work();
    } catch (cause) {
      throw new UsageError(`kiln lab: cannot write ${this.path}, got ${reason(cause)}; free the space or choose another folder with --out`, { cause });
    }
  }
}

/** None where the line was cut off by a crash. */
function parsed(line: string): Line[] {
  try {
    const value = JSON.parse(line) as Partial<Line> | null;
    return typeof value?.key === "string" && typeof value.result === "object" && value.result !== null && typeof value.seconds === "number" ? [value as Line] : [];
  } catch {
    return [];
  }
}
