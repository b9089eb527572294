/** The arms of the g2p reproduction as recipes: supervised, then reinforcement or more of the same for as long. */
import { builtInRecipe } from '../../src/cli/recipes/index.ts';
import { methods } from '../../src/methods/index.ts';
import { parseRecipe, type Recipe, type RecipeInput } from '../../src/training/index.ts';

export const ARMS = ['supervised', 'reinforcement', 'continued'] as const;
export type Arm = (typeof ARMS)[number];

/** The built-in recipe, whose two stages are the first two arms. */
const base = builtInRecipe('g2p') as RecipeInput;
const [supervisedStage, reinforcementStage] = base.stages;

/** Learning rate of continued supervised training, as a share of the supervised stage's: it starts warm. */
const CONTINUED_RATE = 0.3;

/** Evaluation is done once, after training, on the whole test split. */
const quiet: Partial<RecipeInput> = {
  evaluation: { split: 'validation', tasks: 500, temperature: 0, every: 0 },
  report: undefined,
  snapshots: { every: 0, keep: 1 },
  trajectories: 0,
  export: 'last',
};

/** The recipe of an arm. `model`: the supervised model's folder; `seconds`: how long reinforcement took. */
export function armRecipe(arm: Arm, seed: number, model?: string, seconds?: number): Recipe {
  const shared = { ...base, ...quiet, seed, name: `g2p-${arm}` };
  if (arm === 'supervised') return parseRecipe({ ...shared, stages: [supervisedStage] }, methods);
  if (model === undefined) throw new Error(`arm ${arm}: the supervised model is missing`);
  if (arm === 'reinforcement')
    return parseRecipe({ ...shared, model, stages: [reinforcementStage] }, methods);
  const { epochs: _epochs, steps: _steps, ...rest } = supervisedStage;
  const learningRate = (supervisedStage.learningRate ?? 1e-3) * CONTINUED_RATE;
  const stage = { ...rest, name: 'continued', learningRate, floor: 0, seconds };
  return parseRecipe({ ...shared, model, stages: [stage] }, methods);
}
