/** The models that can be sampled and trained: folders given at the start, and what jobs have made of them. */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from '@hono/zod-openapi';
import type { Records } from '../database/records.ts';
import { ApiError, invalid } from '../errors.ts';
import { ORGANISATION } from '../jobs/job.ts';

export const modelSchema = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.int(),
    owned_by: z.string(),
    burnish: z.object({
      base: z.string().nullable(),
      job: z.string().nullable(),
      step: z.int().nullable(),
    }),
  })
  .openapi('Model');

export type ModelObject = z.infer<typeof modelSchema>;

/** A model as kept. */
export interface Model extends Omit<ModelObject, 'object'> {
  /** Its Hugging Face folder. */
  folder: string;
}

export const modelObject = ({ folder: _, ...model }: Model): ModelObject => ({ ...model, object: 'model' });

/** Finds models by id. */
export class Models {
  private readonly bases: ReadonlyMap<string, Model>;
  private readonly records: Records<Model>;
  /** They hear of models that are gone. */
  readonly onRemoved: ((id: string) => void | Promise<void>)[] = [];

  /** `bases`: folders by name. */
  constructor(bases: ReadonlyMap<string, string>, records: Records<Model>, created: number) {
    this.bases = new Map(
      [...bases].map(([id, folder]) => [
        id,
        { id, created, owned_by: ORGANISATION, burnish: { base: null, job: null, step: null }, folder },
      ]),
    );
    this.records = records;
  }

  /** Throws a 404 that names what there is. `param`: the member of the request that named it. */
  async get(id: string, param: string | null = 'model'): Promise<Model> {
    const model = this.bases.get(id) ?? (await this.records.get(id));
    if (model !== undefined && existsSync(join(model.folder, 'config.json'))) return model;
    const names = [...this.bases.keys()].join(', ');
    throw new ApiError(404, `The model '${id}' does not exist. Base models are: ${names}.`, {
      param,
      code: 'model_not_found',
    });
  }

  async list(): Promise<Model[]> {
    return [...this.bases.values(), ...(await this.records.everything())];
  }

  async add(model: Model): Promise<void> {
    await this.records.add({ id: model.id, body: model });
  }

  /** Removes a model that a job made, its folder included. */
  async remove(id: string): Promise<void> {
    if (this.bases.has(id))
      throw new ApiError(403, `The base model '${id}' cannot be deleted.`, { param: 'model' });
    const model = await this.get(id);
    await this.records.remove(id);
    for (const hear of this.onRemoved) await hear(id);
    await rm(model.folder, { recursive: true, force: true });
  }

  /** Facts of a model's `config.json` that settings are derived from. */
  async shape(id: string): Promise<{ hiddenSize: number; maxPositions: number; vocabSize: number }> {
    const { folder } = await this.get(id);
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>;
    const number = (name: string) => {
      const value = config[name];
      if (typeof value === 'number') return value;
      throw invalid(`The model '${id}' has no ${name} in its config.json.`, 'model');
    };
    return {
      hiddenSize: number('hidden_size'),
      maxPositions: number('max_position_embeddings'),
      vocabSize: number('vocab_size'),
    };
  }
}
