// Files in the origin private file system. Only by createWritable, which writes to a copy and puts it in place when it is closed; a sync
// access handle writes in place, and a crash leaves half of each.
import { attempting, type Files } from "./files.js";

const rootName = "kiln-studio";
const mostTries = 20;

export class OpfsFiles implements Files {
  readonly kind = "opfs";

  private constructor(private readonly root: FileSystemDirectoryHandle) {}

  /** Throws what the browser throws where there is no such file system, or no createWritable in it. */
  static async open(): Promise<OpfsFiles> {
    const files = new OpfsFiles(await (await navigator.storage.getDirectory()).getDirectoryHandle(rootName, { create: true }));
    // The only way to know: Safari had the file system for years without createWritable. An empty file, so that a full storage is no reason.
    await files.put("probe", new Uint8Array(0));
    await files.remove("probe");
    return files;
  }

  list(folder: string): Promise<string[]> {
    return attempting(`list ${folder}`, async () => {
      const handle = await this.folder(folder.split("/"), false);
      return handle ? pathsIn(handle, folder) : [];
    });
  }

  read(path: string): Promise<Uint8Array<ArrayBuffer> | null> {
    return attempting(`read ${path}`, async () => {
      const { folder, name } = split(path);
      const handle = await this.folder(folder, false);
      const file = handle && (await ifFound(handle.getFileHandle(name)));
      const bytes = file && (await ifFound(bytesOf(file)));
      return bytes?.length ? bytes : null;
    });
  }

  write(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return attempting(`write ${path}`, () => this.put(path, bytes), bytes.length);
  }

  remove(path: string): Promise<void> {
    return attempting(`remove ${path}`, () => this.removeEntry(path));
  }

  removeFolder(folder: string): Promise<void> {
    return attempting(`remove ${folder}`, () => this.removeEntry(folder));
  }

  private async removeEntry(path: string): Promise<void> {
    const { folder, name } = split(path);
    const handle = await this.folder(folder, false);
    if (handle) await ifFound(handle.removeEntry(name, { recursive: true }));
  }

  private async put(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { folder, name } = split(path);
    const handle = (await this.folder(folder, true))!;
    const isNew = (await ifFound(handle.getFileHandle(name))) === null;
    try {
      const writable = await (await handle.getFileHandle(name, { create: true })).createWritable();
      try {
        await writable.write(bytes);
        await writable.close();
      } catch (error) {
        await writable.abort().catch(() => {});
        throw error;
      }
    } catch (error) {
      // An empty file would look like a damaged one.
      if (isNew) await handle.removeEntry(name).catch(() => {});
      throw error;
    }
  }

  private async folder(names: readonly string[], create: boolean): Promise<FileSystemDirectoryHandle | null> {
    let handle: FileSystemDirectoryHandle | null = this.root;
    for (const name of names) {
      handle = await ifFound(handle.getDirectoryHandle(name, { create }));
      if (!handle) return null;
    }
    return handle;
  }
}

async function pathsIn(folder: FileSystemDirectoryHandle, path: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const [name, handle] of folder.entries()) {
    const below = `${path}/${name}`;
    if (handle.kind === "directory") paths.push(...(await pathsIn(handle as FileSystemDirectoryHandle, below)));
    else paths.push(below);
  }
  return paths;
}

/** Another tab may put a new file in place between the two calls: what was asked for is not readable then, and the new one is. */
async function bytesOf(file: FileSystemFileHandle): Promise<Uint8Array<ArrayBuffer>> {
  for (let tries = 1; ; tries++) {
    try {
      return new Uint8Array(await (await file.getFile()).arrayBuffer());
    } catch (error) {
      if (tries === mostTries || (error as Error).name !== "NotReadableError") throw error;
    }
  }
}

function split(path: string): { folder: string[]; name: string } {
  const parts = path.split("/");
  return { folder: parts.slice(0, -1), name: parts.at(-1)! };
}

async function ifFound<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if ((error as Error).name === "NotFoundError") return null;
    throw error;
  }
}
