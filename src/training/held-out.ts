/** A recipe's held-out measurements. */
import type { FrozenEngine } from '../engine/index.ts';
import type { Tokenizer } from '../text/index.ts';
import type { Environment, Split } from '../types/index.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import type { Recipe } from './recipe.ts';

export interface HeldOutParts {
  engine: FrozenEngine;
  tokenizer: Tokenizer;
  environment: Environment;
  signal?: AbortSignal;
  onTokens?(tokens: number): void;
}

/** Tries held-out tasks as the recipe's evaluation settings say; `which` says which tasks and how often. */
export async function evaluateRecipe(
  parts: HeldOutParts,
  recipe: Recipe,
  which: { split: Split; tasks: number; samples: number } = recipe.evaluation,
): Promise<Evaluation> {
  const { temperature, maxTokens, passThreshold } = recipe.evaluation;
  const { engine, tokenizer, environment, signal, onTokens } = parts;
  const { split, tasks, samples } = which;
  const sampling = { ...recipe.sampling, temperature };
  if (maxTokens !== undefined) sampling.maxTokens = maxTokens;
  const parties = { engine, tokenizer, environment, signal, onTokens };
  return await evaluate({
    ...parties,
    split,
    tasks,
    samples,
    sampling,
    passThreshold,
    seed: recipe.seed,
  });
}
