/** The models that can be sampled and trained: folders given at the start, and what jobs have made of them. */
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from '@hono/zod-openapi';
import type { Records } from '../database/records.ts';
import { ApiError, invalid } from '../errors.ts';
import { ORGANISATION } from '../jobs/job.ts';
import type { Alias, Aliases } from './aliases.ts';

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
      /** The model that an alias stands for. */
      alias_of: z.string().nullable(),
      /** Rises when the weights that the id stands for are others. */
      weights_version: z.int(),
    }),
  })
  .openapi('Model');

export type ModelObject = z.infer<typeof modelSchema>;

/** A model as kept. */
export interface Model extends Omit<ModelObject, 'object' | 'burnish'> {
  burnish: Pick<ModelObject['burnish'], 'base' | 'job' | 'step'>;
  /** Its Hugging Face folder. */
  folder: string;
}

/** A model of the name that it was asked for by. */
export interface NamedModel {
  model: Model;
  /** Absent where the name is the model's own. */
  alias?: Alias;
}

/** A name's weights are counted from 1; those of a model's own name never change. */
export const weightsVersion = ({ alias }: NamedModel) => alias?.version ?? 1;

export function modelObject(named: NamedModel): ModelObject {
  const { model, alias } = named;
  const { folder: _, burnish, ...rest } = model;
  return {
    ...rest,
    id: alias?.id ?? model.id,
    object: 'model',
    burnish: { ...burnish, alias_of: alias?.model ?? null, weights_version: weightsVersion(named) },
  };
}

/** Finds models by id. */
export class Models {
  private readonly bases: ReadonlyMap<string, Model>;
  private readonly records: Records<Model>;
  private readonly aliases: Aliases;
  /** They hear of models that are gone. */
  readonly onRemoved: ((id: string) => void | Promise<void>)[] = [];

  /** `bases`: folders by name. */
  constructor(
    bases: ReadonlyMap<string, string>,
    records: Records<Model>,
    aliases: Aliases,
    created: number,
  ) {
    this.bases = new Map(
      [...bases].map(([id, folder]) => [
        id,
        { id, created, owned_by: ORGANISATION, burnish: { base: null, job: null, step: null }, folder },
      ]),
    );
    this.records = records;
    this.aliases = aliases;
  }

  /** The model of a name, or of the alias of that name. See `named`. */
  async get(id: string, param: string | null = 'model'): Promise<Model> {
    return (await this.named(id, param)).model;
  }

  /** Whether a model itself has this id. */
  async isModel(id: string): Promise<boolean> {
    return (await this.own(id)) !== undefined;
  }

  /** Throws a 404 that names what there is. `param`: the member of the request that named it. */
  async named(id: string, param: string | null = 'model'): Promise<NamedModel> {
    const own = await this.own(id);
    const alias = own === undefined ? await this.aliases.get(id) : undefined;
    const model = own ?? (alias && (await this.own(alias.model)));
    if (model !== undefined && existsSync(join(model.folder, 'config.json'))) return { model, alias };
    const names = [...this.bases.keys()].join(', ');
    throw new ApiError(404, `The model '${id}' does not exist. Base models are: ${names}.`, {
      param,
      code: 'model_not_found',
    });
  }

  async list(): Promise<NamedModel[]> {
    const models = [...this.bases.values(), ...(await this.records.everything())];
    const aliases = (await this.aliases.list()).flatMap((alias) => {
      const model = models.find(({ id }) => id === alias.model);
      return model === undefined ? [] : [{ model, alias }];
    });
    return [...models.map((model) => ({ model })), ...aliases];
  }

  private async own(id: string): Promise<Model | undefined> {
    return this.bases.get(id) ?? (await this.records.get(id));
  }

  async add(model: Model): Promise<void> {
    await this.records.add({ id: model.id, body: model });
  }

  /** Removes a model that a job made, its folder included; of an alias, the name only. Throws a 400 where an alias needs it. */
  async remove(id: string): Promise<void> {
    if (this.bases.has(id))
      throw new ApiError(403, `The base model '${id}' cannot be deleted.`, { param: 'model' });
    const { model, alias } = await this.named(id);
    if (alias !== undefined) {
      await this.aliases.remove(id);
      return;
    }
    const [needed] = await this.aliases.of(id);
    if (needed !== undefined)
      throw invalid(`The alias '${needed.id}' stands for this model: move or remove it first.`, 'model');
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
