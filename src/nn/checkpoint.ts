/** Reading the weights of a Hugging Face model folder, in one file or in shards. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Allocate, readSafetensors, type SafetensorsTensor } from './safetensors.ts';

const WEIGHTS = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

const indexSchema = z.looseObject({
  /** Which file, beside the index, holds each tensor. */
  weight_map: z.record(z.string(), z.string().regex(/^[^/\\]+\.safetensors$/)),
});

export interface ReadCheckpointOptions {
  /** Where each tensor goes, or undefined to skip it; default: a new array for each. */
  allocate?: Allocate;
  /** Names that must be there. */
  required?: Iterable<string>;
}

/**
 * Reads `model.safetensors`, or else the shards that `model.safetensors.index.json` lists, from a folder. Throws an
 * Error naming the file or folder when neither is there, a file is malformed, or a tensor that the index or
 * `required` names is missing.
 */
export async function readCheckpoint(
  folder: string,
  { allocate, required = [] }: ReadCheckpointOptions = {},
): Promise<Map<string, SafetensorsTensor>> {
  const single = join(folder, WEIGHTS);
  const index = join(folder, INDEX);
  let tensors: Map<string, SafetensorsTensor>;
  if (existsSync(single)) tensors = await readSafetensors(single, { allocate });
  else if (existsSync(index)) tensors = await readShards(folder, index, allocate);
  else throw new Error(`${folder}: no ${WEIGHTS} and no ${INDEX} in this folder`);

  const missing = [...required].filter((name) => !tensors.has(name));
  if (missing.length > 0) {
    const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
    throw new Error(`${folder}: the weights lack ${missing.slice(0, 3).join(', ')}${more}`);
  }
  return tensors;
}

async function readShards(folder: string, index: string, allocate: Allocate | undefined) {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(index, 'utf8'));
  } catch (error) {
    throw new Error(`${index}: not valid JSON (${(error as Error).message})`, { cause: error });
  }
  const checked = indexSchema.safeParse(parsed);
  if (!checked.success) throw new Error(`${index}: ${z.prettifyError(checked.error)}`);

  const shards = new Map<string, Set<string>>();
  for (const [name, file] of Object.entries(checked.data.weight_map)) {
    const names = shards.get(file) ?? new Set();
    shards.set(file, names.add(name));
  }
  const tensors = new Map<string, SafetensorsTensor>();
  for (const [file, names] of shards) {
    const path = join(folder, file);
    const found = new Set<string>();
    const part = await readSafetensors(path, {
      allocate: (name, shape) => {
        if (!names.has(name)) return undefined;
        found.add(name);
        return allocate === undefined
          ? new Float32Array(shape.reduce((product, n) => product * n, 1))
          : allocate(name, shape);
      },
    });
    for (const name of names) {
      if (!found.has(name)) throw new Error(`${path}: lacks tensor '${name}', which ${INDEX} places here`);
    }
    for (const [name, tensor] of part) tensors.set(name, tensor);
  }
  return tensors;
}
