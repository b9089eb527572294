/** Base models: named by what makes them, trained once however many ask. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { methods } from '../methods/index.ts';
import { type BaseSpec, baseModel, baseName, baseRecord } from './base-model.ts';
import { cacheFolder } from './cache.ts';

const spec: BaseSpec = {
  family: 'sums',
  recipe: {
    name: 'base',
    model: { config: { hiddenSize: 16, layers: 1, heads: 2, maxPositions: 32 } },
    environment: {
      name: 'arithmetic',
      digits: [1, 1],
      chainOfThought: false,
      validationSize: 8,
      testSize: 8,
    },
    sampling: { maxTokens: 4 },
    stages: [{ method: 'supervised', steps: 3, batchSize: 4 }],
    evaluation: { tasks: 4, every: 0 },
  },
};

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'burnish-bases-'));
});
afterEach(() => rm(cache, { recursive: true }));

it('the name follows the recipe, defaults filled in, but not what the recipe is called', async () => {
  const name = (change: Partial<BaseSpec['recipe']>) =>
    baseName({ ...spec, recipe: { ...spec.recipe, ...change } }, methods);
  const before = await name({});
  expect(before).toMatch(/^sums-[0-9a-f]{16}$/);
  expect(await name({ name: 'other', seed: 0 })).toBe(before);
  expect(await name({ seed: 1 })).not.toBe(before);
  expect(await name({ stages: [{ method: 'supervised', steps: 4, batchSize: 4 }] })).not.toBe(before);
  expect(await name({ model: 'burnish/countdown' })).not.toBe(await name({ model: 'burnish/other' }));
});

it('is trained by one of those who ask at once, and found by later ones', async () => {
  const options = { methods, cache };
  const heard = [0, 0, 0];
  const listen = (i: number) => ({ ...options, onProgress: () => heard[i]++ });
  const folders = await Promise.all([baseModel(spec, listen(0)), baseModel(spec, listen(1))]);
  expect(folders[0]).toBe(folders[1]);
  expect(Math.min(heard[0], heard[1])).toBe(0);
  expect(Math.max(heard[0], heard[1])).toBeGreaterThan(0);
  expect(await readdir(folders[0])).toContain('model.safetensors');
  expect(await readdir(join(cache, 'bases'))).toHaveLength(1);
  const record = await baseRecord(folders[0]);
  expect(record).toMatchObject({ family: 'sums', summary: { steps: 3, before: { tasks: 4 } } });
  expect(await baseModel(spec, listen(2))).toBe(folders[0]);
  expect(heard[2]).toBe(0);
});

it('lies in the cache of the user unless said otherwise', () => {
  expect(cacheFolder({ BURNISH_CACHE: '/a' })).toBe('/a');
  expect(cacheFolder({ XDG_CACHE_HOME: '/b' })).toBe(join('/b', 'burnish'));
  expect(cacheFolder({})).toMatch(/\.cache.burnish$/);
});
