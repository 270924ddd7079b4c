/** A file of a tar archive. */
export interface TarFile {
  name: string;
  data: Buffer;
}

/** Regular files of an uncompressed ustar archive. Links and folders are left out. */
export function readTar(archive: Buffer): TarFile[] {
  const files: TarFile[] = [];
  for (let at = 0; at + 512 <= archive.length; ) {
    const header = archive.subarray(at, at + 512);
    const name = cString(header.subarray(0, 100));
    if (name === "") break;
    const size = parseInt(cString(header.subarray(124, 136)).trim(), 8);
    const kind = String.fromCharCode(header[156]!);
    at += 512;
    if (kind === "0" || kind === "\0") files.push({ name: name.replace(/^\.\//, ""), data: archive.subarray(at, at + size) });
    at += Math.ceil(size / 512) * 512;
  }
  return files;
}

function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("latin1", 0, end < 0 ? bytes.length : end);
}
