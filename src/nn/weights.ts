/** A model's weights in memory: made new from a seed, or read from a Hugging Face folder. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../files/index.ts';
import { rng } from '../random/index.ts';
import { NativeTensor } from '../tensor/index.ts';
import { type ArenaEntry, createArena, type ParameterArena } from './arena.ts';
import { readCheckpoint } from './checkpoint.ts';
import { parseModelConfig, toHfConfig } from './hf-config.ts';
import { type LoraConfig, loraShapes, mergedWeight } from './lora.ts';
import { type ModelConfig, modelConfigSchema, type ParameterShape, parameterShapes } from './model-config.ts';
import { writeSafetensors } from './safetensors.ts';

export interface WeightsOptions {
  /** Adds a linear value head on the final hidden state. */
  valueHead?: boolean;
  /** Freezes the model and trains adapters instead. */
  lora?: LoraConfig;
  /** Seed of everything that starts random. */
  seed?: number;
  /** Standard deviation of fresh weights; residual projections get it divided by sqrt(2 · layers). */
  initialStd?: number;
}

/** Configuration, parameters, and the same memory as tensors that programs bind. */
export interface ModelWeights {
  config: ModelConfig;
  lora?: LoraConfig;
  valueHead: boolean;
  arena: ParameterArena;
  /** Every parameter, over the arena's memory. */
  tensors: Readonly<Record<string, NativeTensor>>;
  /** Gradients of the trainable parameters, over the arena's memory. */
  gradients: Readonly<Record<string, NativeTensor>>;
}

const DEFAULT_STD = 0.02;

function valueHeadShapes(config: ModelConfig): ParameterShape[] {
  return [
    { name: 'value_head.weight', shape: [1, config.hiddenSize] },
    { name: 'value_head.bias', shape: [1] },
  ];
}

/** Room for a model's parameters, all zero; but frozen ones lie in the memory of `shared`, if it is given. */
export function allocateWeights(
  config: ModelConfig,
  options: WeightsOptions = {},
  shared?: ParameterArena,
): ModelWeights {
  const { lora, valueHead = false } = options;
  const base = parameterShapes(config);
  const entries: ArenaEntry[] = base.map((p) => ({ ...p, trainable: lora === undefined }));
  if (lora) entries.push(...loraShapes(base, lora));
  if (valueHead) entries.push(...valueHeadShapes(config));
  const arena = createArena(entries, shared);
  const wrap = (view: (name: string) => Float32Array, trainableOnly: boolean) =>
    Object.fromEntries(
      arena.slots
        .filter((slot) => slot.trainable || !trainableOnly)
        .map((slot) => [slot.name, NativeTensor.wrap(view(slot.name), 'f32', slot.shape)]),
    );
  return {
    config,
    lora,
    valueHead,
    arena,
    tensors: wrap((name) => arena.parameter(name), false),
    gradients: wrap((name) => arena.gradient(name), true),
  };
}

/** Fresh weights: normal matrices, norms at 1, biases, LoRA B and the value head at 0. */
export function createWeights(config: ModelConfig, options: WeightsOptions = {}): ModelWeights {
  const weights = allocateWeights(modelConfigSchema.parse(config), options);
  initialise(
    weights,
    weights.arena.slots.map(({ name }) => name),
    options,
  );
  return weights;
}

function initialise(weights: ModelWeights, names: readonly string[], options: WeightsOptions): void {
  const { seed = 0, initialStd = DEFAULT_STD } = options;
  const residualStd = initialStd / Math.sqrt(2 * weights.config.layers);
  for (const name of names) {
    const values = weights.arena.parameter(name);
    if (name.endsWith('norm.weight')) values.fill(1);
    else if (name.endsWith('.bias') || name.endsWith('lora_B.weight') || name.startsWith('value_head'))
      values.fill(0);
    else {
      const draws = rng(seed, 'weights', name);
      const residual = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
      // LoRA's A as in the reference implementation: uniform in ±1/sqrt(in), variance 1 / (3 · in).
      if (name.endsWith('lora_A.weight')) {
        const bound = 1 / Math.sqrt(weights.arena.slot(name).shape[1]);
        for (let i = 0; i < values.length; i++) values[i] = (2 * draws.uniform() - 1) * bound;
      } else {
        const std = residual ? residualStd : initialStd;
        for (let i = 0; i < values.length; i++) values[i] = draws.normal() * std;
      }
    }
  }
}

/**
 * Reads `config.json` and the safetensors of a folder; adapters and value head start fresh unless the folder has them.
 * Throws an Error naming the folder and what is wrong with it.
 */
export async function loadWeights(folder: string, options: WeightsOptions = {}): Promise<ModelWeights> {
  const json = await readConfig(folder);
  const config = inFolder(folder, () => parseModelConfig(json));
  const weights = allocateWeights(config, options);
  const required = parameterShapes(config).map(({ name }) => name);
  const loaded = await readCheckpoint(folder, {
    allocate: (name, shape) => inFolder(folder, () => weights.arena.destination(name, shape)),
    required,
  });
  initialise(
    weights,
    weights.arena.slots.map(({ name }) => name).filter((name) => !loaded.has(name)),
    options,
  );
  return weights;
}

async function readConfig(folder: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = missing
      ? 'there is no config.json'
      : `config.json cannot be read (${(error as Error).message})`;
    throw new Error(`model folder ${folder}: ${reason}; expected a Hugging Face folder`, { cause: error });
  }
}

/** What `fn` returns; its errors name the folder. */
function inFolder<T>(folder: string, fn: () => T): T {
  try {
    return fn();
  } catch (error) {
    throw new Error(`model folder ${folder}: ${(error as Error).message}`, { cause: error });
  }
}

export interface SaveOptions {
  dtype?: 'F32' | 'F16' | 'BF16';
  /** Further files by name: tokenizer.json and its companions. */
  files?: Readonly<Record<string, string>>;
}

/**
 * Writes a Hugging Face folder: config.json, model.safetensors, and the given files. Adapters are merged into copies of
 * the weights they adapt; the weights themselves stay as they are, to the bit.
 */
export async function saveWeights(
  weights: ModelWeights,
  folder: string,
  options: SaveOptions = {},
): Promise<void> {
  const { dtype = 'F32', files = {} } = options;
  await mkdir(folder, { recursive: true });
  const { config, lora, arena } = weights;
  const kept = parameterShapes(config).concat(weights.valueHead ? valueHeadShapes(config) : []);
  const tensors = new Map(
    kept.map(({ name, shape }) => [name, { shape, data: mergedWeight(arena, lora, name) }]),
  );
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { dtype });
  const texts = { ...files, 'config.json': `${JSON.stringify(toHfConfig(config, dtype), null, 2)}\n` };
  for (const [name, content] of Object.entries(texts)) {
    await writeAtomically(join(folder, name), content);
  }
}

/** The same values; trainable ones in new memory, frozen ones, which never change, in the same. */
export function copyWeights(source: ModelWeights): ModelWeights {
  const { config, lora, valueHead } = source;
  const copy = allocateWeights(config, { lora, valueHead }, source.arena);
  copy.arena.trainableParameters.set(source.arena.trainableParameters);
  return copy;
}
