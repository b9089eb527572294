/** Success rates of a weak and a strong reference model on every task of a pool: read from the tasks, or measured once. */
import { z } from 'zod';
import type { ReferenceRates } from '../../curricula/index.ts';
import type { SamplingParams } from '../../engine/index.ts';
import { type MethodContext, type StepContext, startingModel } from '../../training/index.ts';
import type { Environment, Task } from '../../types/index.ts';
import { successRates } from '../shared/success-rates.ts';

const name = z.string().min(1);

/** Where the references' success rates come from. */
export const referenceOptions = {
  /** Metadata of the tasks that hold the rates. */
  referenceRates: z
    .strictObject({ weak: name.default('weakRate'), strong: name.default('strongRate') })
    .prefault({}),
  /** Instead: models, as a recipe names them, whose rates are measured before the first step. */
  referenceModels: z
    .strictObject({
      weak: name,
      strong: name,
      /** Attempts a task. */
      samples: z.int().min(1).default(8),
    })
    .optional(),
};

type ReferenceConfig = z.output<z.ZodObject<typeof referenceOptions>>;

function fromMetadata(tasks: readonly Task[], name: string): number[] {
  return tasks.map(({ id, metadata }) => {
    const rate = metadata?.[name];
    if (typeof rate === 'number' && rate >= 0 && rate <= 1) return rate;
    throw new Error(
      `bots: task ${id} has metadata ${name} ${JSON.stringify(rate)}, expected a success rate from 0 to 1; write it to every task, give referenceModels, or set implicitWeight to 0`,
    );
  });
}

export interface MeasureOptions {
  environment: Environment;
  tasks: readonly Task[];
  /** Attempts a task. */
  samples: number;
  sampling: SamplingParams;
  seed: number;
  signal?: AbortSignal;
  onTokens?(tokens: number): void;
  onTime?(part: 'sample' | 'grade', seconds: number): void;
}

/**
 * Mean score of a model, as recipes name it, on each task; 0 where no attempt could be graded. Throws where the model
 * cannot be read, and when the signal aborts.
 */
export async function measuredRates(model: string, options: MeasureOptions): Promise<number[]> {
  const { environment, tasks, samples, sampling, seed, signal, onTokens, onTime } = options;
  const { engine, tokenizer } = await startingModel({ model, seed }, environment.symbols);
  try {
    const { grader } = environment;
    const draws = { tasks, samples, sampling, seed, path: ['reference'], signal, onTokens, onTime };
    return (await successRates({ engine, tokenizer, grader, ...draws })).rates;
  } finally {
    engine.dispose();
  }
}

/** The rates, in the order of the tasks. Throws where a task lacks them or a model cannot be read. */
export async function referenceRates(
  tasks: readonly Task[],
  { referenceRates: { weak, strong }, referenceModels: models }: ReferenceConfig,
  sampling: SamplingParams,
  context: MethodContext,
  step: StepContext,
): Promise<ReferenceRates> {
  if (models === undefined) return { weak: fromMetadata(tasks, weak), strong: fromMetadata(tasks, strong) };
  const { environment, seed } = context;
  const { signal, onTokens, onTime } = step;
  const { samples } = models;
  const options = { environment, tasks, samples, sampling, seed, signal, onTokens, onTime };
  return {
    weak: await measuredRates(models.weak, options),
    strong: await measuredRates(models.strong, options),
  };
}
