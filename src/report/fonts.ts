/** Fonts for PNG plots: a small open one where its package is installed, so that plots do not need the system's. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';

/** Family name of the packaged font. */
export const FONT_FAMILY = 'Lato';

const FONT_FILES = [400, 700].map((weight) => `@fontsource/lato/files/lato-latin-${weight}-normal.woff`);

const SFNT_HEADER = 12;
const SFNT_ENTRY = 16;
const WOFF_HEADER = 44;
const WOFF_ENTRY = 20;

/**
 * Unpacks a WOFF 1.0 font (W3C recommendation of 2012) to the OpenType file it was made from: the same tables, each
 * inflated where it was compressed. Throws on anything else.
 */
export function openTypeFromWoff(woff: Buffer): Buffer {
  if (woff.length < WOFF_HEADER || woff.toString('latin1', 0, 4) !== 'wOFF')
    throw new Error('not a WOFF 1.0 font: its first bytes are not "wOFF"');
  const count = woff.readUInt16BE(12);
  const power = 2 ** Math.floor(Math.log2(count));
  const header = Buffer.alloc(SFNT_HEADER + SFNT_ENTRY * count);
  woff.copy(header, 0, 4, 8);
  header.writeUInt16BE(count, 4);
  header.writeUInt16BE(16 * power, 6);
  header.writeUInt16BE(Math.log2(power), 8);
  header.writeUInt16BE(16 * (count - power), 10);
  const parts: Buffer[] = [header];
  let offset = header.length;
  for (let i = 0; i < count; i++) {
    const from = WOFF_HEADER + WOFF_ENTRY * i;
    const [start, packed, size, checksum] = [4, 8, 12, 16].map((field) => woff.readUInt32BE(from + field));
    const stored = woff.subarray(start, start + packed);
    const table = packed < size ? inflateSync(stored) : stored;
    if (table.length !== size) throw new Error(`WOFF table ${i} has ${table.length} bytes, expected ${size}`);
    const to = SFNT_HEADER + SFNT_ENTRY * i;
    woff.copy(header, to, from, from + 4);
    header.writeUInt32BE(checksum, to + 4);
    header.writeUInt32BE(offset, to + 8);
    header.writeUInt32BE(size, to + 12);
    parts.push(table, Buffer.alloc(-size & 3));
    offset += (size + 3) & ~3;
  }
  return Buffer.concat(parts);
}

/** Paths of the packaged font's files; none where its package is not installed. */
export function packagedFonts(): string[] {
  const { resolve } = createRequire(import.meta.url);
  try {
    return FONT_FILES.map((file) => resolve(file));
  } catch {
    return [];
  }
}

/** Calls `work` with OpenType files of the packaged font (none where it is missing), there for that long. */
export async function withFonts<T>(work: (fontFiles: string[]) => Promise<T>): Promise<T> {
  const packaged = packagedFonts();
  if (packaged.length === 0) return work([]);
  const folder = await mkdtemp(join(tmpdir(), 'burnish-fonts-'));
  try {
    const files: string[] = [];
    for (const path of packaged) {
      const file = join(folder, `${files.length}.ttf`);
      await writeFile(file, openTypeFromWoff(await readFile(path)));
      files.push(file);
    }
    return await work(files);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
