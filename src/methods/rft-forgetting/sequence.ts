/** Trains a model on one task after another, and measures all tasks after each. */
import type { SamplingParams } from '../../engine/index.ts';
import type { ArmContext, FinishedRecipe } from '../../reproduce/index.ts';
import { evaluate, type RecipeInput, type StartingModel, startingModel } from '../../training/index.ts';
import type { Environment } from '../../types/index.ts';

/** Shares of a model's answers to an environment's test tasks that are right, and that have the right form. */
export interface Skill {
  accuracy: number;
  format: number;
}

export interface SkillOptions {
  /** Test tasks of each environment, and answers to each. */
  tasks: number;
  samples: number;
  sampling: SamplingParams;
  signal?: AbortSignal;
}

/** Answers to the same test tasks of each environment, drawn in the same way whatever trained the model. */
export async function skills(
  { engine, tokenizer }: StartingModel,
  environments: readonly Environment[],
  options: SkillOptions,
): Promise<Skill[]> {
  const found: Skill[] = [];
  for (const environment of environments) {
    const parts = { engine, tokenizer, environment, split: 'test', seed: 0 } as const;
    const { summary } = await evaluate({ ...parts, ...options });
    found.push({ accuracy: summary.parts.accuracy, format: summary.parts.format });
  }
  return found;
}

export interface StageOfSequence {
  environment: Environment;
  /** The recipe of the stage on the model that the stage before left. */
  recipe(model: string): RecipeInput;
}

export interface Sequence {
  /** Folder of the model that the first stage starts from. */
  model: string;
  stages: readonly StageOfSequence[];
  /** All skills of a model. */
  measure(model: StartingModel): Promise<Skill[]>;
  /** Hears of every stage's run when it is over. */
  onStage(run: FinishedRecipe): void;
}

/**
 * Runs the stages one after another, each in a folder of its own; the model that a stage leaves is where the next one starts,
 * optimisers and references start anew. Returns the skills before the first stage and after each.
 */
export async function trainSequence(
  { train, seed, stopIfAsked }: Pick<ArmContext, 'train' | 'seed' | 'stopIfAsked'>,
  { model, stages, measure, onStage }: Sequence,
): Promise<Skill[][]> {
  const measured = async (one: StartingModel) => {
    try {
      return await measure(one);
    } finally {
      one.engine.dispose();
    }
  };
  const rows = [await measured(await startingModel({ model, seed }, []))];
  let current = model;
  for (const [i, { environment, recipe }] of stages.entries()) {
    stopIfAsked();
    const run = await train({
      recipe: recipe(current),
      environment,
      folder: `stage-${i + 1}`,
      progress: [i / stages.length, (i + 1) / stages.length],
    });
    onStage(run);
    rows.push(await measured(run));
    current = run.model;
  }
  return rows;
}
