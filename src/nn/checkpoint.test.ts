import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createArena } from './arena.ts';
import { readCheckpoint } from './checkpoint.ts';
import { writeSafetensors } from './safetensors.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'burnish-checkpoint-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const tensor = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });
const write = (file: string, tensors: Record<string, ReturnType<typeof tensor>>) =>
  writeSafetensors(join(folder, file), new Map(Object.entries(tensors)));
const index = (content: unknown) =>
  writeFileSync(
    join(folder, 'model.safetensors.index.json'),
    typeof content === 'string' ? content : JSON.stringify(content),
  );
const map = (weight_map: Record<string, string>) => ({ metadata: { total_size: 1 }, weight_map });

async function shards() {
  await write('model-00001-of-00002.safetensors', { a: tensor(1, 2), b: tensor(3), stray: tensor(7) });
  await write('model-00002-of-00002.safetensors', { c: tensor(4, 5, 6) });
  const [first, second] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
  return { a: first, b: first, c: second };
}

it('reads one file', async () => {
  await write('model.safetensors', { a: tensor(1, 2), b: tensor(3) });
  const tensors = await readCheckpoint(folder);
  expect([...tensors].map(([name, t]) => [name, ...t.data])).toEqual([
    ['a', 1, 2],
    ['b', 3],
  ]);
});

it('reads the tensors that the index lists from their shards', async () => {
  index(map(await shards()));
  const tensors = await readCheckpoint(folder);
  expect([...tensors].map(([name, t]) => [name, ...t.data])).toEqual([
    ['a', 1, 2],
    ['b', 3],
    ['c', 4, 5, 6],
  ]);
});

it('reads shards straight into an arena', async () => {
  index(map(await shards()));
  const arena = createArena([
    { name: 'a', shape: [2], trainable: false },
    { name: 'c', shape: [3] },
  ]);
  const tensors = await readCheckpoint(folder, { allocate: (name, shape) => arena.destination(name, shape) });
  expect([...arena.parameter('a'), ...arena.parameter('c')]).toEqual([1, 2, 4, 5, 6]);
  expect(tensors.get('c')?.data).toBe(arena.parameter('c'));
  expect(tensors.has('b')).toBe(false);
  const wrong = createArena([{ name: 'c', shape: [1, 3] }]);
  await expect(
    readCheckpoint(folder, { allocate: (name, shape) => wrong.destination(name, shape) }),
  ).rejects.toThrow("tensor 'c' has shape [3], expected [1,3]");
});

it('says which tensors are missing', async () => {
  await write('model.safetensors', { a: tensor(1) });
  await expect(readCheckpoint(folder, { required: ['a', 'b', 'c', 'd', 'e'] })).rejects.toThrow(
    'the weights lack b, c, d and 1 more',
  );
  expect((await readCheckpoint(folder, { required: ['a'] })).size).toBe(1);
});

it('refuses broken folders', async () => {
  await expect(readCheckpoint(folder)).rejects.toThrow('no model.safetensors and no model.safetensors.index');
  index('{');
  await expect(readCheckpoint(folder)).rejects.toThrow(/index\.json: not valid JSON/);
  index({});
  await expect(readCheckpoint(folder)).rejects.toThrow(/index\.json: .*weight_map/s);
  index(map({ a: '../elsewhere/model.safetensors' }));
  await expect(readCheckpoint(folder)).rejects.toThrow(/weight_map\.a/);
  const weights = await shards();
  index(map({ ...weights, d: weights.c }));
  await expect(readCheckpoint(folder)).rejects.toThrow(/00002-of-00002\.safetensors: lacks tensor 'd'/);
  index(map({ ...weights, d: 'model-00003-of-00003.safetensors' }));
  await expect(readCheckpoint(folder)).rejects.toThrow(/ENOENT.*00003/);
});
