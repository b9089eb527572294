/** Unpacking of WOFF fonts, and text in PNG plots. */
import { readFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { Resvg } from '@resvg/resvg-js';
import { describe, expect, it } from 'vitest';
import { FONT_FAMILY, openTypeFromWoff, packagedFonts, withFonts } from './fonts.ts';

/** A WOFF file of the given tables, each packed where that makes it smaller. */
function woffOf(tables: [tag: string, data: Buffer][]): Buffer {
  const header = Buffer.alloc(44 + 20 * tables.length);
  header.write('wOFF', 0, 'latin1');
  header.writeUInt32BE(0x00010000, 4);
  header.writeUInt16BE(tables.length, 12);
  const parts = [header];
  let offset = header.length;
  tables.forEach(([tag, data], i) => {
    const packed = deflateSync(data);
    const stored = packed.length < data.length ? packed : data;
    const at = 44 + 20 * i;
    header.write(tag, at, 'latin1');
    [offset, stored.length, data.length, 0xc0ffee00 + i].forEach((value, field) => {
      header.writeUInt32BE(value, at + 4 + 4 * field);
    });
    parts.push(Buffer.from(stored), Buffer.alloc(-stored.length & 3));
    offset += (stored.length + 3) & ~3;
  });
  return Buffer.concat(parts);
}

describe('openTypeFromWoff', () => {
  it('restores every table at the place the directory names', () => {
    const tables: [string, Buffer][] = [
      ['cmap', Buffer.from('a'.repeat(1001))],
      ['glyf', Buffer.from([1, 2, 3])],
      ['head', Buffer.from('0123456789abcdef')],
    ];
    const font = openTypeFromWoff(woffOf(tables));
    expect(font.readUInt32BE(0)).toBe(0x00010000);
    expect([4, 6, 8, 10].map((at) => font.readUInt16BE(at))).toEqual([3, 32, 1, 16]);
    tables.forEach(([tag, data], i) => {
      const at = 12 + 16 * i;
      expect(font.toString('latin1', at, at + 4)).toBe(tag);
      const [checksum, offset, length] = [4, 8, 12].map((field) => font.readUInt32BE(at + field));
      expect(checksum).toBe(0xc0ffee00 + i);
      expect(offset % 4).toBe(0);
      expect(font.subarray(offset, offset + length)).toEqual(data);
    });
  });

  it('refuses other files and damaged ones', () => {
    expect(() => openTypeFromWoff(Buffer.from('wOF2'.repeat(20)))).toThrow('not a WOFF 1.0 font');
    expect(() => openTypeFromWoff(Buffer.alloc(0))).toThrow('not a WOFF 1.0 font');
    const wrong = woffOf([['cmap', Buffer.from('b'.repeat(500))]]);
    wrong.writeUInt32BE(600, 44 + 12);
    expect(() => openTypeFromWoff(wrong)).toThrow('WOFF table 0 has 500 bytes, expected 600');
  });
});

describe.skipIf(packagedFonts().length === 0)('the packaged font', () => {
  it('draws text where the system has no font', async () => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="90" height="20">
      <text x="2" y="15" font-family="sans-serif">held-out</text></svg>`;
    const inked = (fontFiles: string[]) => {
      const font = { fontFiles, loadSystemFonts: false, sansSerifFamily: FONT_FAMILY };
      return new Resvg(svg, { font }).render().pixels.some((byte) => byte > 0);
    };
    expect(inked([])).toBe(false);
    const paths = await withFonts(async (files) => {
      expect(inked(files)).toBe(true);
      return files;
    });
    expect(paths).toHaveLength(2);
    for (const path of paths) expect(() => readFileSync(path)).toThrow('ENOENT');
  });
});
