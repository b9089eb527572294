/** Moves names from model to model without a request having to wait for weights. */
import { invalid } from '../errors.ts';
import { nowSeconds } from '../ids.ts';
import type { Inference } from '../inference/inference.ts';
import type { Alias, Aliases } from './aliases.ts';
import type { Models } from './models.ts';

const NAME = /^[\w.-]{1,64}$/;

export class ModelNames {
  readonly aliases: Aliases;
  private readonly models: Models;
  private readonly inference: Inference;

  constructor(aliases: Aliases, models: Models, inference: Inference) {
    this.aliases = aliases;
    this.models = models;
    this.inference = inference;
  }

  /** Throws a 400 where something else has this name, or it cannot be one. */
  async check(name: string, param: string): Promise<void> {
    if (!NAME.test(name))
      throw invalid(
        `'${name}' cannot be an alias: expected 1 to 64 letters, digits, '.', '_' or '-'.`,
        param,
      );
    if (await this.models.isModel(name)) throw invalid(`'${name}' is a model's own name.`, param);
  }

  /**
   * Lets a name stand for a model: loads its weights, and moves the name then. Requests that have begun end with the weights
   * that they began with. Throws a 400 for a name that cannot be one, and a 404 where there is no such model.
   */
  async point(name: string, model: string): Promise<Alias> {
    await this.check(name, 'alias');
    const { id } = await this.models.get(model);
    await this.inference.model(id);
    return await this.aliases.move(name, id, nowSeconds());
  }
}
