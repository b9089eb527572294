/** Models beside the one that is trained: read from a folder, and refused where their tokens differ. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine } from '../engine/index.ts';
import { symbolTokenizer } from '../text/index.ts';
import { frozenModels } from './frozen-models.ts';
import { toyEngine } from './testing/kill-run.ts';
import { successorTokenizer } from './testing/successor.ts';

let folder: string;
let engine: Engine;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'burnish-frozen-'));
  engine = await toyEngine('onnx');
  await engine.export(folder);
});
afterAll(async () => {
  engine.dispose();
  await rm(folder, { recursive: true, force: true });
});

it('reads models that say the same as those that were written', async () => {
  const { base } = await frozenModels({ base: folder }, successorTokenizer());
  const tokens = successorTokenizer().encode('12=3');
  expect((await base.forward([tokens])).logprobs).toEqual((await engine.forward([tokens])).logprobs);
  base.dispose();
});

it('refuses a model with other tokens, naming it', async () => {
  const other = symbolTokenizer([...'0123456789+']);
  await expect(frozenModels({ base: folder }, other)).rejects.toThrow(
    /base: the tokens of the model in .*burnish-frozen-/,
  );
  await expect(frozenModels({ base: '/nowhere/model' }, other)).rejects.toThrow(/\/nowhere\/model/);
});
