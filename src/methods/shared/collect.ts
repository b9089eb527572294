/** Gathers a step's graded groups, with other tasks in place of those that teach nothing if wanted. */
import type { TaskResult } from '../../curricula/index.ts';
import type { SamplingParams } from '../../engine/index.ts';
import { isUninformative } from '../../objectives/index.ts';
import { rolloutGroups } from '../../rollout/index.ts';
import { gradedScores, type MethodContext, type StepContext } from '../../training/index.ts';
import type { Group, Trajectory } from '../../types/index.ts';
import type { RolloutConfig } from './options.ts';

export interface Collected {
  /** All groups sampled. */
  groups: Group[];
  /** For each group, whether it is to be learned from. */
  kept: boolean[];
  /** Rounds of sampling after the first. */
  resamples: number;
}

/** The recipe's sampling settings with the method's own in their place. */
export function samplingOf(context: MethodContext, config: RolloutConfig): SamplingParams {
  const { temperature = context.sampling.temperature, maxTokens = context.sampling.maxTokens } = config;
  return { ...context.sampling, temperature, maxTokens };
}

const scoreOf = ({ grade }: Trajectory) => (grade.status === 'graded' ? grade.score : undefined);

function resultOf(index: number, group: Group): TaskResult {
  const scores = gradedScores(group.trajectories);
  return { index, scores, failed: group.trajectories.length - scores.length };
}

/**
 * Samples and grades `promptsPerStep` groups, and tells the curriculum how they went. `rewardOf`: what an attempt earns where
 * that is not its score; dynamic sampling replaces groups whose attempts all earn the same.
 */
export async function collectGroups(
  context: MethodContext,
  step: StepContext,
  config: RolloutConfig,
  rewardOf: (trajectory: Trajectory) => number | undefined = scoreOf,
): Promise<Collected> {
  const { environment, curriculum, seed, stage } = context;
  const collected: Collected = { groups: [], kept: [], resamples: 0 };
  let wanted = config.promptsPerStep;
  let tokensBefore = 0;
  for (let round = 0; wanted > 0 && round <= (config.dynamicSampling ? config.maxResamples : 0); round++) {
    collected.resamples = round;
    const indices = curriculum.next(wanted, step.step);
    let tokens = 0;
    const groups = await rolloutGroups({
      engine: context.engine,
      tokenizer: context.tokenizer,
      tasks: indices.map((index) => environment.task('train', index)),
      groupSize: config.groupSize,
      sampling: samplingOf(context, config),
      grader: environment.grader,
      seed,
      path: ['rollout', stage, step.step, round],
      signal: step.signal,
      onTokens: (sampled) => {
        tokens = sampled;
        step.onTokens(tokensBefore + sampled);
      },
      onTime: step.onTime,
    });
    tokensBefore += tokens;
    curriculum.observe(groups.map((group, i) => resultOf(indices[i], group)));
    const kept = groups.map(
      (group) => !config.dynamicSampling || !isUninformative(group.trajectories.map(rewardOf)),
    );
    collected.groups.push(...groups);
    collected.kept.push(...kept);
    wanted -= kept.filter(Boolean).length;
  }
  return collected;
}
