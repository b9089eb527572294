/** Success rates of a weak and a strong reference model on every task of a pool: read from the tasks, or measured once. */
import { z } from 'zod';
import type { ReferenceRates } from '../../curricula/index.ts';
import type { SamplingParams } from '../../engine/index.ts';
import { rolloutGroups } from '../../rollout/index.ts';
import { gradedScores, type MethodContext, type StepContext, startingModel } from '../../training/index.ts';
import type { Environment, Task } from '../../types/index.ts';

export const referenceOptions = z.strictObject({
  /** `metadata`: `weak` and `strong` name metadata of the tasks; `models`: they are models, as a recipe names them. */
  from: z.enum(['metadata', 'models']).default('metadata'),
  weak: z.string().min(1).default('weakRate'),
  strong: z.string().min(1).default('strongRate'),
  /** Attempts a task when models are measured. */
  samples: z.int().min(1).default(8),
});

export type ReferenceConfig = z.output<typeof referenceOptions>;

/** Tasks that are sampled in one call: the run can be stopped between calls. */
const CHUNK = 64;

function fromMetadata(tasks: readonly Task[], name: string): number[] {
  return tasks.map(({ id, metadata }) => {
    const rate = metadata?.[name];
    if (typeof rate === 'number' && rate >= 0 && rate <= 1) return rate;
    throw new Error(
      `bots: task ${id} has metadata ${name} ${JSON.stringify(rate)}, expected a success rate from 0 to 1; write it to every task, give references.from 'models', or set implicitWeight to 0`,
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
    const rates: number[] = [];
    for (let from = 0; from < tasks.length; from += CHUNK) {
      const groups = await rolloutGroups({
        engine,
        tokenizer,
        tasks: tasks.slice(from, from + CHUNK),
        groupSize: samples,
        sampling,
        grader: environment.grader,
        seed,
        path: ['reference'],
        signal,
        onTokens,
        onTime,
      });
      for (const { trajectories } of groups) {
        const scores = gradedScores(trajectories);
        rates.push(scores.length === 0 ? 0 : scores.reduce((sum, x) => sum + x, 0) / scores.length);
      }
    }
    return rates;
  } finally {
    engine.dispose();
  }
}

/** The rates, in the order of the tasks. Throws where a task lacks them or a model cannot be read. */
export async function referenceRates(
  tasks: readonly Task[],
  { from, weak, strong, samples }: ReferenceConfig,
  sampling: SamplingParams,
  context: MethodContext,
  step: StepContext,
): Promise<ReferenceRates> {
  if (from === 'metadata') return { weak: fromMetadata(tasks, weak), strong: fromMetadata(tasks, strong) };
  const { environment, seed } = context;
  const { signal, onTokens, onTime } = step;
  const options = { environment, tasks, samples, sampling, seed, signal, onTokens, onTime };
  return { weak: await measuredRates(weak, options), strong: await measuredRates(strong, options) };
}
