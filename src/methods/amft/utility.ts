/** Where held-out tasks would have the weights go. */
import { crossEntropy, groupAdvantages, reinforce } from '../../objectives/index.ts';
import { rng } from '../../random/index.ts';
import { rolloutGroups } from '../../rollout/index.ts';
import {
  type MethodContext,
  rewardsOf,
  rowsToBatch,
  type StepContext,
  spread,
} from '../../training/index.ts';
import { supervisedRow } from '../supervised/method.ts';

export interface UtilityOptions {
  /** `reward`: expected score on validation tasks; `likelihood`: of their worked completions. */
  utility: 'reward' | 'likelihood';
  /** Validation tasks, and attempts at each. */
  tasks: number;
  attempts: number;
}

/** The gradient of what is to rise on validation tasks, at the engine's present weights; undefined where there is none. */
export async function utilityGradient(
  options: UtilityOptions,
  context: MethodContext,
  step: StepContext,
): Promise<{ gradient?: Float32Array; sampledTokens: number }> {
  const { engine, environment, seed, stage } = context;
  const size = environment.size('validation');
  if (!(size >= 1))
    throw new Error(`amft: the validation split of ${environment.name} has no tasks, expected some`);
  const random = rng(seed, 'amft', 'validation', stage, step.step);
  const tasks = Array.from({ length: options.tasks }, () => {
    const index = size === Infinity ? random.uint32() : random.int(size);
    return environment.task('validation', index);
  });
  if (options.utility === 'likelihood') {
    const rows = tasks.map((task) => supervisedRow(task, context.tokenizer));
    const batch = rowsToBatch(rows, { aggregation: 'token-mean' });
    if (batch === undefined) return { sampledTokens: 0 };
    await engine.forwardBackward(batch, crossEntropy());
    return { gradient: negated(await engine.takeGradient()), sampledTokens: 0 };
  }
  const groups = await rolloutGroups({
    engine,
    tokenizer: context.tokenizer,
    tasks,
    groupSize: options.attempts,
    sampling: { ...context.sampling, temperature: 1 },
    grader: environment.grader,
    seed,
    path: ['amft', 'validation', stage, step.step],
    signal: step.signal,
    onTime: step.onTime,
  });
  const advantages = groups.map((group) => groupAdvantages(rewardsOf(group), { normalise: 'none' }));
  const rows = groups.flatMap(({ trajectories }, g) =>
    trajectories.map(({ tokens, lossMask }, i) => ({
      tokens,
      mask: lossMask,
      data: { advantages: spread(advantages[g][i], lossMask) },
      active: advantages[g][i] !== 0,
    })),
  );
  const sampledTokens = rows.reduce((sum, { mask }) => sum + mask.reduce((a, b) => a + b, 0), 0);
  const batch = rowsToBatch(rows, { aggregation: 'sequence-sum' });
  if (batch === undefined) return { sampledTokens };
  await engine.forwardBackward(batch, reinforce());
  return { gradient: negated(await engine.takeGradient()), sampledTokens };
}

const negated = (gradient: Float32Array) => gradient.map((x) => -x);
