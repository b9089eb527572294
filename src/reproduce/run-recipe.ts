/** Runs a recipe in a folder, from the beginning or from where an earlier sitting was stopped. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '../engine/index.ts';
import { createEnvironment } from '../environments/index.ts';
import { type MetricSeries, openStore } from '../store/index.ts';
import type { Tokenizer } from '../text/index.ts';
import {
  type MethodTable,
  parseRecipe,
  type Recipe,
  type RecipeInput,
  recipeNeeds,
  startingModel,
  type TrainEvent,
  type TrainSummary,
  train,
} from '../training/index.ts';
import type { Environment } from '../types/index.ts';
import { StoppedError } from './stopped.ts';

export interface RunRecipeOptions {
  recipe: RecipeInput;
  methods: MethodTable;
  folder: string;
  /** Instead of the one that the recipe names. */
  environment?: Environment;
  signal?: AbortSignal;
  /** Hears the share of the training that is done, 0..1. */
  onProgress?(share: number): void;
}

/** A recipe that was run to its end. */
export interface FinishedRecipe {
  recipe: Recipe;
  /** Holds the weights of the last step. Dispose of it. */
  engine: Engine;
  tokenizer: Tokenizer;
  environment: Environment;
  summary: TrainSummary;
  /** Folder of the exported model: the best weights or the last, as the recipe says. */
  model: string;
  /** Every metric over steps. */
  metrics: MetricSeries[];
  /** Tokens sampled for training (evaluations not counted). */
  sampledTokens: number;
}

/** The environment that a recipe names. Throws where the recipe is about a file of tasks. */
export async function namedEnvironment(recipe: Recipe): Promise<Environment> {
  const { name, file, ...options } = recipe.environment;
  if (file !== undefined || name === undefined)
    throw new Error(`recipe ${recipe.name}: environment.file given; pass the environment itself instead`);
  return await createEnvironment(name, options);
}

/** The share of a run that is done, by its events: stages count alike, each by its steps. */
function shareListener(stages: number, tell: (share: number) => void) {
  const totals: (number | null)[] = [];
  return ({ type, data }: TrainEvent) => {
    if (type === 'stage.started') totals[data.stage] = data.totalSteps;
    if (type === 'stage.finished') tell((data.stage + 1) / stages);
    if (type !== 'step.finished') return;
    const total = totals[data.stage];
    if (typeof total === 'number' && total > 0)
      tell((data.stage + Math.min(1, data.stageStep / total)) / stages);
  };
}

const RUN = 'run';

/**
 * Runs a recipe with its record, snapshots and model in `folder`; started again after a kill it goes on from its newest
 * snapshot and ends with the same weights. Throws a StoppedError when the signal aborted, with everything saved, and
 * whatever training throws.
 */
export async function runRecipe(options: RunRecipeOptions): Promise<FinishedRecipe> {
  const { methods, folder, signal, onProgress = () => undefined } = options;
  const recipe = parseRecipe(options.recipe, methods);
  const environment = options.environment ?? (await namedEnvironment(recipe));
  const { valueHead } = recipeNeeds(recipe, methods);
  await mkdir(folder, { recursive: true });
  const { engine, tokenizer } = await startingModel(recipe, environment.symbols, { valueHead });
  const store = await openStore(join(folder, 'burnish.db'));
  try {
    const resume = (await store.run(RUN)) !== undefined;
    const parts = { recipe, methods, engine, tokenizer, environment, store };
    const onEvent = shareListener(recipe.stages.length, onProgress);
    const result = await train({ ...parts, run: RUN, folder, resume, signal, onEvent });
    if (result.status === 'interrupted') throw new StoppedError(`stopped after step ${result.step}`);
    const metrics = await store.metrics(RUN);
    const sampled = metrics.find(({ name }) => name === 'tokens.sampled')?.values ?? [];
    const sampledTokens = sampled.reduce((a, b) => a + b, 0);
    const { summary } = result;
    return { recipe, engine, tokenizer, environment, summary, model: summary.model, metrics, sampledTokens };
  } catch (error) {
    engine.dispose();
    throw error;
  } finally {
    await store.close();
  }
}
