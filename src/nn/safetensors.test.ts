import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fixture from './fixtures/safetensors.json' with { type: 'json' };
import { readSafetensors, readSafetensorsHeader, writeSafetensors } from './safetensors.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'burnish-safetensors-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const bitsOf = (data: Float32Array) => [...new Int32Array(data.buffer, data.byteOffset, data.length)];
type Source = keyof typeof fixture.source;
type Dtype = keyof typeof fixture.files;
const dtypes: Dtype[] = ['F32', 'F16', 'BF16'];

/** A file with the given header JSON and bytes of data. */
function fileOf(header: unknown, data: number | Uint8Array = 0): string {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const path = join(folder, 'made.safetensors');
  writeFileSync(path, Buffer.concat([length, json, typeof data === 'number' ? Buffer.alloc(data) : data]));
  return path;
}

describe('against the reference implementation', () => {
  it.each(dtypes)('reads its %s file bit for bit', async (dtype) => {
    const path = join(folder, 'reference.safetensors');
    writeFileSync(path, Buffer.from(fixture.files[dtype].file, 'base64'));
    const tensors = await readSafetensors(path);
    const expected = fixture.files[dtype].tensors;
    expect([...tensors.keys()].sort()).toEqual(Object.keys(expected).sort());
    for (const [name, { shape, data, dtype: stored }] of tensors) {
      expect({ stored, shape, bits: bitsOf(data) }).toEqual({ stored: dtype, ...expected[name as Source] });
    }
    expect((await readSafetensorsHeader(path)).metadata).toEqual({ format: 'pt' });
  });

  it.each(dtypes)('writes the same %s file byte for byte', async (dtype) => {
    const path = join(folder, 'ours.safetensors');
    const tensors = new Map(
      Object.entries(fixture.source).map(([name, values]) => [
        name,
        { shape: fixture.files.F32.tensors[name as Source].shape, data: Float32Array.from(values) },
      ]),
    );
    await writeSafetensors(path, tensors, { dtype });
    expect(readFileSync(path).toString('base64')).toBe(fixture.files[dtype].file);
  });
});

describe('round trip', () => {
  const tensor = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }).chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      data: fc
        .array(fc.integer({ min: 0, max: 0xffffffff }), {
          minLength: shape.reduce((a, b) => a * b, 1),
          maxLength: shape.reduce((a, b) => a * b, 1),
        })
        .map((bits) => new Float32Array(Uint32Array.from(bits).buffer)),
    }),
  );
  const names = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((name) => name !== '__metadata__');

  it('keeps names, shapes, metadata and every bit of F32', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(names, tensor), { selector: ([name]) => name, maxLength: 5 }),
        fc.dictionary(fc.string(), fc.string(), { maxKeys: 3, noNullPrototype: true }),
        async (entries, metadata) => {
          const path = join(folder, 'round.safetensors');
          await writeSafetensors(path, new Map(entries), { metadata });
          const read = await readSafetensors(path);
          expect(read.size).toBe(entries.length);
          for (const [name, { shape, data }] of entries) {
            expect(read.get(name)?.shape).toEqual(shape);
            expect(bitsOf(read.get(name)!.data)).toEqual(bitsOf(data));
          }
          expect((await readSafetensorsHeader(path)).metadata).toEqual(metadata);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('goes through chunks of more than one system call', async () => {
    const data = Float32Array.from({ length: 5_000_001 }, (_, i) => (i % 2048) - 1024);
    const path = join(folder, 'large.safetensors');
    for (const dtype of ['F32', 'F16'] as const) {
      await writeSafetensors(path, new Map([['x', { shape: [data.length], data }]]), { dtype });
      const read = (await readSafetensors(path)).get('x')!.data;
      expect(Buffer.compare(Buffer.from(read.buffer), Buffer.from(data.buffer))).toBe(0);
    }
  });
});

describe('reading', () => {
  it('fills the destination it is given and skips what gets none, whatever its dtype', async () => {
    const header = {
      ids: { dtype: 'I64', shape: [1], data_offsets: [0, 8] },
      w: { dtype: 'F32', shape: [2], data_offsets: [8, 16] },
    };
    const path = fileOf(header, new Uint8Array(new Float32Array([9, 9, 1, 2]).buffer));
    const target = new Float32Array(4);
    const asked: unknown[] = [];
    const tensors = await readSafetensors(path, {
      allocate: (name, shape) => {
        asked.push([name, shape]);
        return name === 'w' ? target.subarray(1, 3) : undefined;
      },
    });
    expect(asked).toEqual([
      ['ids', [1]],
      ['w', [2]],
    ]);
    expect([...target]).toEqual([0, 1, 2, 0]);
    expect([...tensors.keys()]).toEqual(['w']);
    await expect(readSafetensors(path)).rejects.toThrow(
      /tensor 'ids' has dtype I64, expected F32, F16 or BF16/,
    );
    await expect(readSafetensors(path, { allocate: () => new Float32Array(3) })).rejects.toThrow(
      /tensor 'ids'/,
    );
    await expect(
      readSafetensors(path, { allocate: (name) => (name === 'w' ? new Float32Array(3) : undefined) }),
    ).rejects.toThrow(/tensor 'w' has 2 values, its destination has room for 3/);
  });

  const one = (fields: object) => ({ w: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...fields } });
  const two = (first: number[], second: number[]) => ({
    a: { dtype: 'F32', shape: [2], data_offsets: first },
    b: { dtype: 'F32', shape: [2], data_offsets: second },
  });
  it.each([
    ['bad JSON', '{"w": ', 0, /header is not valid JSON/],
    ['a list', '[]', 0, /header is \[\], expected an object/],
    ['metadata that is no strings', { __metadata__: { a: 1 } }, 0, /__metadata__ is {"a":1}, expected/],
    ['an entry that is no object', { w: 3 }, 0, /tensor 'w': is 3, expected an object/],
    ['an unknown dtype', one({ dtype: 'F31' }), 8, /tensor 'w': dtype is "F31", expected one of/],
    ['a negative size', one({ shape: [-2] }), 8, /tensor 'w': shape is \[-2\]/],
    ['a fractional offset', one({ data_offsets: [0, 8.5] }), 8, /tensor 'w': data_offsets is \[0,8.5\]/],
    ['reversed offsets', one({ data_offsets: [8, 0] }), 8, /tensor 'w': data_offsets is \[8,0\]/],
    ['shape and offsets at odds', one({ shape: [3] }), 8, /hold 8 bytes, expected 12 for F32 of shape \[3\]/],
    ['overlap', two([0, 8], [4, 12]), 12, /tensor 'b' begins at 4 and overlaps data up to 8/],
    ['a gap', two([0, 8], [12, 20]), 20, /tensor 'b' begins at 12, expected 8: there is a gap/],
    ['missing data', one({}), 7, /tensors need 8 bytes of data, but the file has 7: it is cut short/],
    ['a remainder', one({}), 9, /1 bytes follow the last tensor, expected none/],
  ])('refuses %s', async (_name, header, data, message) => {
    await expect(readSafetensors(fileOf(header, data))).rejects.toThrow(message);
    await expect(readSafetensors(fileOf(header, data))).rejects.toThrow('made.safetensors: ');
  });

  it('refuses files that end in the header, and absurd header lengths', async () => {
    const path = join(folder, 'short.safetensors');
    writeFileSync(path, Buffer.alloc(7));
    await expect(readSafetensors(path)).rejects.toThrow(/7 bytes long, too short/);
    writeFileSync(path, Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 123, 125]));
    await expect(readSafetensors(path)).rejects.toThrow(/header length is 9, but the file ends after 2/);
    writeFileSync(path, Buffer.from([0, 0, 0, 0, 0, 0, 0, 255, 123, 125]));
    await expect(readSafetensors(path)).rejects.toThrow(/header length is \d+, expected at most 100000000/);
    await expect(readSafetensors(join(folder, 'absent.safetensors'))).rejects.toThrow(/ENOENT.*absent/);
  });

  it('survives any damage to the header: reads within the file or fails with an error naming it', async () => {
    const whole = Buffer.from(fixture.files.F32.file, 'base64');
    const headerEnd = 8 + Number(whole.readBigUInt64LE(0));
    const path = join(folder, 'fuzz.safetensors');
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(headerEnd - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat(whole.length)),
        async (damage, cut) => {
          const bytes = Buffer.from(whole);
          for (const [at, value] of damage) bytes[at] = value;
          writeFileSync(path, bytes.subarray(0, cut ?? bytes.length));
          try {
            for (const { data } of (await readSafetensors(path)).values()) {
              expect(data.byteLength).toBeLessThanOrEqual(whole.length);
            }
          } catch (error) {
            expect((error as Error).message).toMatch(/fuzz\.safetensors: /);
            refused++;
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(0);
  });
});

describe('writing', () => {
  const tensors = (values: number[], shape = [values.length]) =>
    new Map([['w', { shape, data: Float32Array.from(values) }]]);

  it('refuses what does not fit and leaves the earlier file and no other', async () => {
    const path = join(mkdtempSync(join(folder, 'keep-')), 'model.safetensors');
    await writeSafetensors(path, tensors([1, 2]));
    const before = readFileSync(path);
    await expect(writeSafetensors(path, tensors([1, 2], [3]))).rejects.toThrow(
      /tensor 'w' of shape \[3\] has 2 values, expected 3/,
    );
    await expect(writeSafetensors(path, tensors([1, 70000]), { dtype: 'F16' })).rejects.toThrow(
      /model\.safetensors: tensor 'w' has the value 70000 at index 1, beyond the range of F16/,
    );
    await expect(writeSafetensors(path, tensors([-3.4e38]), { dtype: 'BF16' })).rejects.toThrow(
      /beyond the range of BF16/,
    );
    const named = new Map([['__metadata__', { shape: [1], data: new Float32Array(1) }]]);
    await expect(writeSafetensors(path, named)).rejects.toThrow(/'__metadata__' is the name of a tensor/);
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(join(path, '..'))).toEqual(['model.safetensors']);
  });

  it('names the file that it cannot write', async () => {
    const path = join(folder, 'no-such-folder', 'model.safetensors');
    await expect(writeSafetensors(path, tensors([1]))).rejects.toThrow(
      /could not write .*no-such-folder.model\.safetensors: ENOENT/,
    );
  });

  it('keeps infinities and NaN in every dtype', async () => {
    const path = join(folder, 'special.safetensors');
    const values = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, -0];
    for (const dtype of dtypes) {
      await writeSafetensors(path, tensors(values), { dtype });
      expect([...(await readSafetensors(path)).get('w')!.data]).toEqual(values);
    }
  });
});
