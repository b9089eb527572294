import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelConfig } from './model-config.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';
import { CHECKPOINTS, evaluate, fixtureFolder, largestGap } from './testing/fixtures.ts';
import { copyWeights, createWeights, loadWeights, saveWeights } from './weights.ts';

const ROWS = [[5, 6, 7, 8, 9, 10]];
const CONFIG: ModelConfig = {
  architecture: 'llama',
  vocabSize: 64,
  hiddenSize: 32,
  intermediateSize: 64,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 8,
  ropeTheta: 10000,
  rmsNormEps: 1e-6,
  maxPositions: 64,
  tieEmbeddings: false,
  qkvBias: false,
  outputBias: false,
  qkNorm: false,
  eosIds: [1],
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'burnish-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe.each(CHECKPOINTS)('%s', (name) => {
  it('comes back to the bit after saving in F32', async () => {
    const weights = await loadWeights(fixtureFolder(name));
    await saveWeights(weights, folder, { files: { 'tokenizer.json': '{}' } });
    const again = await loadWeights(folder);
    expect(again.config).toEqual(weights.config);
    for (const { name: parameter } of weights.arena.slots)
      expect(
        largestGap(again.arena.parameter(parameter), weights.arena.parameter(parameter)),
        parameter,
      ).toBe(0);
    expect((await evaluate(again, ROWS)).logits).toEqual((await evaluate(weights, ROWS)).logits);
  });
});

describe('saveWeights', () => {
  it('writes config, weights and the given files, and nothing else', async () => {
    const weights = createWeights(CONFIG);
    await saveWeights(weights, join(folder, 'deep', 'er'), {
      files: { 'tokenizer.json': '{"a":1}', 'tokenizer_config.json': '{}' },
    });
    const saved = join(folder, 'deep', 'er');
    const names = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
    expect((await readdir(saved)).sort()).toEqual(names);
    expect(await readFile(join(saved, 'tokenizer.json'), 'utf8')).toBe('{"a":1}');
    expect(JSON.parse(await readFile(join(saved, 'config.json'), 'utf8'))).toMatchObject({
      model_type: 'llama',
      vocab_size: 64,
    });
  });

  it.each([
    ['F16', 2 ** -11],
    ['BF16', 2 ** -8],
  ] as const)('rounds to %s', async (dtype, relative) => {
    const weights = createWeights(CONFIG, { seed: 5, initialStd: 1 });
    await saveWeights(weights, folder, { dtype });
    const again = await loadWeights(folder);
    const name = 'model.layers.1.mlp.up_proj.weight';
    const [before, after] = [weights.arena.parameter(name), again.arena.parameter(name)];
    before.forEach((value, i) => {
      expect(Math.abs(after[i] - value)).toBeLessThanOrEqual(relative * Math.abs(value) + 1e-7);
    });
    expect(largestGap(after, before)).toBeGreaterThan(0);
  });

  it('keeps the value head', async () => {
    const weights = createWeights(CONFIG, { valueHead: true });
    weights.arena.parameter('value_head.weight').fill(0.5);
    weights.arena.parameter('value_head.bias').fill(-2);
    await saveWeights(weights, folder);
    const { arena } = await loadWeights(folder, { valueHead: true });
    expect([...new Set(arena.parameter('value_head.weight'))]).toEqual([0.5]);
    expect([...arena.parameter('value_head.bias')]).toEqual([-2]);
    expect((await loadWeights(folder)).arena.has('value_head.weight')).toBe(false);
  });
});

describe('createWeights', () => {
  it('draws the same weights from the same seed, others from another', () => {
    const name = 'model.layers.0.self_attn.q_proj.weight';
    const draw = (seed: number) => createWeights(CONFIG, { seed }).arena.parameter(name);
    expect(draw(1)).toEqual(draw(1));
    expect(largestGap(draw(1), draw(2))).toBeGreaterThan(0.01);
  });

  it('has the standard deviations asked for, norms at 1, value head at 0', () => {
    const { arena } = createWeights(CONFIG, { initialStd: 0.1, valueHead: true });
    const deviation = (name: string) => {
      const values = arena.parameter(name);
      return Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
    };
    expect(deviation('model.embed_tokens.weight') / 0.1).toBeCloseTo(1, 1);
    expect(deviation('model.layers.1.mlp.up_proj.weight') / 0.1).toBeCloseTo(1, 1);
    expect(deviation('model.layers.1.mlp.down_proj.weight') / 0.05).toBeCloseTo(1, 1);
    expect(deviation('model.layers.0.self_attn.o_proj.weight') / 0.05).toBeCloseTo(1, 1);
    for (const norm of ['model.norm.weight', 'model.layers.0.input_layernorm.weight'])
      expect([...new Set(arena.parameter(norm))]).toEqual([1]);
    expect(deviation('value_head.weight')).toBe(0);
  });

  it('refuses a shape that does not fit together', () => {
    expect(() => createWeights({ ...CONFIG, kvHeads: 3 })).toThrow(/kvHeads/);
  });
});

it('copies what trains into memory of its own, and shares what is frozen', () => {
  const weights = createWeights(CONFIG, { lora: { rank: 2, alpha: 4, targets: ['q_proj'] } });
  const copy = copyWeights(weights);
  for (const { name, trainable } of weights.arena.slots) {
    const [original, copied] = [weights.arena.parameter(name), copy.arena.parameter(name)];
    expect(copied).toEqual(original);
    expect(copied.buffer === original.buffer, name).toBe(!trainable);
  }
});

it('copies into memory of its own', () => {
  const weights = createWeights(CONFIG, { valueHead: true });
  const copy = copyWeights(weights);
  const name = 'model.norm.weight';
  weights.arena.parameter(name).fill(7);
  expect([...new Set(copy.arena.parameter(name))]).toEqual([1]);
  expect((copy.tensors[name].data as Float32Array)[0]).toBe(1);
  expect(copy.arena.slots).toEqual(weights.arena.slots);
});

describe('loadWeights', () => {
  const llama = fixtureFolder('llama');
  const tensors = () => readSafetensors(join(llama, 'model.safetensors'));
  const copyConfig = () => copyFile(join(llama, 'config.json'), join(folder, 'config.json'));

  it('names a folder that is not there', async () => {
    const missing = join(folder, 'nowhere');
    await expect(loadWeights(missing)).rejects.toThrow(
      `model folder ${missing}: there is no config.json; expected a Hugging Face folder`,
    );
  });

  it('names a folder whose config.json is no JSON', async () => {
    await writeFile(join(folder, 'config.json'), '{"model_type": ');
    await expect(loadWeights(folder)).rejects.toThrow(`model folder ${folder}: config.json cannot be read`);
  });

  it('names a folder whose config.json describes another kind of model', async () => {
    await writeFile(join(folder, 'config.json'), '{"model_type": "bert"}');
    await expect(loadWeights(folder)).rejects.toThrow(`model folder ${folder}`);
    await expect(loadWeights(folder)).rejects.toThrow(/model_type.*bert/s);
  });

  it('names a folder without weights', async () => {
    await copyConfig();
    await expect(loadWeights(folder)).rejects.toThrow(`${folder}: no model.safetensors`);
  });

  it('names a missing tensor', async () => {
    await copyConfig();
    const some = await tensors();
    some.delete('model.layers.1.mlp.up_proj.weight');
    await writeSafetensors(join(folder, 'model.safetensors'), some);
    await expect(loadWeights(folder)).rejects.toThrow(
      `${folder}: the weights lack model.layers.1.mlp.up_proj.weight`,
    );
  });

  it('names a tensor of the wrong shape, both shapes and the file', async () => {
    await copyConfig();
    const some = await tensors();
    some.set('model.norm.weight', { dtype: 'F32', shape: [16], data: new Float32Array(16) });
    const file = join(folder, 'model.safetensors');
    await writeSafetensors(file, some);
    await expect(loadWeights(folder)).rejects.toThrow(
      /'model\.norm\.weight' has shape \[16\], expected \[32\]/,
    );
    await expect(loadWeights(folder)).rejects.toThrow(folder);
  });

  it('starts adapters and value head fresh where the folder has none', async () => {
    const options = { valueHead: true, lora: { rank: 2, alpha: 2, targets: ['q_proj'] }, seed: 4 };
    const { arena } = await loadWeights(llama, options);
    const a = arena.parameter('model.layers.0.self_attn.q_proj.lora_A.weight');
    expect(a.every((v) => v !== 0)).toBe(true);
    const again = await loadWeights(llama, options);
    expect(again.arena.parameter('model.layers.0.self_attn.q_proj.lora_A.weight')).toEqual(a);
    expect(arena.slots.filter((slot) => slot.trainable).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['value_head.weight', 'model.layers.1.self_attn.q_proj.lora_B.weight']),
    );
    expect(arena.slot('model.norm.weight').trainable).toBe(false);
  });
});
