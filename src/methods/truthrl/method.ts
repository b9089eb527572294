/** TruthRL: GRPO whose reward tells a wrong answer from an admission of not knowing. */
import { z } from 'zod';
import { truthful } from '../../graders/index.ts';
import { defineMethod } from '../../training/index.ts';
import { grpoConfig, grpoObjective } from '../grpo/method.ts';
import type { Attempt } from '../shared/attempts.ts';
import { samplingOf } from '../shared/collect.ts';
import { creditTrajectories } from '../shared/credit.ts';
import { knowledgeBoundary, probingOptions } from '../shared/knowledge-boundary.ts';
import { needsReference } from '../shared/options.ts';
import { policyGradient } from '../shared/policy-gradient.ts';
import { outcomeMetrics, outcomeOrThrow } from './outcomes.ts';
import { truthReward, withReasoning } from './reward.ts';

export const truthPaper = {
  title: 'TruthRL: Incentivizing Truthful LLMs via Reinforcement Learning',
  year: 2025,
  source: 'arXiv 2509.25760',
};

export const truthrlConfig = z.strictObject({
  ...grpoConfig.shape,
  /** Phrases that say "I do not know", for environments whose grader does not tell abstentions from wrong answers. */
  abstain: z.array(z.string().min(1)).min(1).optional(),
  /** `binary` is the usual right-or-wrong reward, which TruthRL is compared with. */
  reward: z.enum(['ternary', 'binary']).default('ternary'),
  /** Reward of an abstention between -1 (wrong) and 1 (right): abstaining pays below a chance of (1 + this) / 2 to be right. */
  abstainReward: z.number().min(-1).max(1).default(0),
  /** Knowledge-enhanced: ask the starting weights about each question, and reward only abstaining where none of the attempts is right. */
  knowledge: z.strictObject(probingOptions).optional(),
  /** Reasoning-enhanced: a part of the grader's grade, in [0, 1], that joins the reward. */
  reasoning: z
    .strictObject({
      part: z.string().min(1),
      combine: z.enum(['add', 'multiply', 'conditional']).default('conditional'),
    })
    .optional(),
});

type TruthConfig = z.output<typeof truthrlConfig>;

/** Puts the paper's rewards in the place of the scores; what else acts on a reward (overlong answers) stays. */
function reward(attempts: readonly Attempt[], beyond: readonly boolean[], config: TruthConfig): void {
  const { reward: scheme, abstainReward, reasoning } = config;
  attempts.forEach((attempt, i) => {
    const { grade, task } = attempt.trajectory;
    if (grade.status === 'failed' || attempt.reward === undefined) return;
    const outcome = outcomeOrThrow(grade, task);
    let value = truthReward(outcome, { reward: scheme, abstain: abstainReward }, beyond[i]);
    if (reasoning) {
      const score = grade.parts?.[reasoning.part];
      if (score === undefined)
        throw new Error(
          `truthrl: the grade of task ${task.id} has no part ${reasoning.part}, expected one as reasoning.part says`,
        );
      value = withReasoning(value, score, reasoning.combine, outcome);
    }
    attempt.reward += value - grade.score;
  });
}

/**
 * A group of answers to each question; right, abstaining and wrong ones are rewarded with 1, 0 and -1, and each answer is
 * preferred by how much better than its group it did. With a small KL to the starting weights in the loss.
 */
export const truthrl = defineMethod({
  name: 'truthrl',
  title: 'TruthRL: reinforcement with a three-way reward of truthfulness',
  paper: truthPaper,
  config: truthrlConfig,
  defaults: { promptsPerStep: 64, kl: { coefficient: 0.001 } },
  needs: (config) => ({ reference: needsReference(config) || config.knowledge !== undefined }),
  create(config, plain) {
    const { abstain } = config;
    const { grader } = plain.environment;
    const environment = { ...plain.environment, grader: abstain ? truthful({ grader, abstain }) : grader };
    const context = { ...plain, environment };
    const sampling = samplingOf(context, config);
    const boundary = config.knowledge && knowledgeBoundary(config.knowledge, context, sampling);
    return policyGradient(config, context, {
      objective: grpoObjective(config),
      async appraise(attempts, step) {
        const tasks = attempts.map(({ trajectory }) => trajectory.task);
        const beyond = (await boundary?.beyond(tasks, step)) ?? [];
        reward(attempts, beyond, config);
        return outcomeMetrics(attempts, beyond);
      },
      credit(attempts, rewards) {
        creditTrajectories(attempts, rewards, { name: 'group', normalise: config.normalise });
        return {};
      },
      state: () => boundary?.state() ?? null,
      restore: (state) => boundary?.restore(state),
    });
  },
});
