/** What a step's attempts came to, and figures of it. */
import { truthfulness } from '../../evaluation/index.ts';
import { type TruthOutcome, truthOutcome } from '../../graders/index.ts';
import type { Grade, Task } from '../../types/index.ts';
import type { Attempt } from '../shared/attempts.ts';

/** The outcome that a grade tells. Throws an Error that says what to do where it tells none. */
export function outcomeOrThrow(grade: Grade, task: Task): TruthOutcome {
  const outcome = truthOutcome(grade);
  if (outcome === undefined)
    throw new Error(
      `task ${task.id}: its grade does not say whether the answer abstains; give the stage or the environment \`abstain\`, a list of phrases such as "I don't know", or grade with truthful()`,
    );
  return outcome;
}

/** Shares of outcomes, the mean reward, and the share of attempts at questions beyond the model's knowledge. */
export function outcomeMetrics(
  attempts: readonly Attempt[],
  beyond: readonly boolean[],
): Record<string, number> {
  const outcomes = attempts.flatMap(({ trajectory: { grade } }) => truthOutcome(grade) ?? []);
  if (outcomes.length === 0) return {};
  const rewards = attempts.flatMap(({ reward }) => (reward === undefined ? [] : [reward]));
  const figures = Object.entries(truthfulness(outcomes)).map(([name, x]) => [`truth.${name}`, x]);
  return {
    ...Object.fromEntries(figures),
    'truth.reward': rewards.reduce((a, b) => a + b, 0) / rewards.length,
    ...(beyond.length > 0 ? { 'truth.beyond': beyond.filter(Boolean).length / beyond.length } : {}),
  };
}
