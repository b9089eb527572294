/** What the reproduction of MRT measures of a model: accuracy, regret over the token budget, and habits of its search. */
import type { FrozenEngine } from '../../engine/index.ts';
import { type PairSearchData, searchHabits } from '../../environments/index.ts';
import { type AnytimePoint, accuracyAtBudget, normalisedRegret } from '../../evaluation/index.ts';
import type { ArmResult } from '../../reproduce/index.ts';
import { anytimePoints, anytimeTraces } from '../../rollout/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import { evaluate } from '../../training/index.ts';
import type { Environment } from '../../types/index.ts';

export interface MeasureOptions {
  engine: FrozenEngine;
  tokenizer: Tokenizer;
  environment: Environment;
  /** Tasks of the test split, and rollouts of each. */
  tasks: number;
  samples: number;
  /** Forced answers a prefix. */
  forced: number;
  /** Most tokens of a completion. */
  maxTokens: number;
  /** C_0: tokens over which regret is taken. */
  budget: number;
  seed: number;
  signal?: AbortSignal;
}

/** Most tokens of an answer: two numbers, an operation and the end; fewer where the operation is joined to a number. */
const ANSWER_TOKENS = 4;

/** Budgets at which forced accuracy is reported by name. */
const BUDGETS = [12, 24, 40];

const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;
const total = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0);

/** Measures a model on pair search; per task: `passAt1` and `regret`. */
export async function measureSearch(options: MeasureOptions): Promise<ArmResult> {
  const { engine, tokenizer, environment, samples, forced, maxTokens, budget, seed, signal } = options;
  const shared = { engine, tokenizer, seed, signal };
  const { groups, summary } = await evaluate({
    ...shared,
    environment,
    split: 'test',
    tasks: options.tasks,
    samples,
    sampling: { maxTokens },
  });
  const all = groups.flatMap(({ trajectories }) => trajectories);
  const { traces, ended } = await anytimeTraces(
    all,
    { after: [';', '!'], answer: '|' },
    {
      ...shared,
      grader: environment.grader,
      sampling: {},
      forced: tokenizer.encode('|'),
      samples: forced,
      answerTokens: ANSWER_TOKENS,
      // An answer is allowed after every prefix, also of a completion that was cut at the limit.
      maxTokens: maxTokens + 1 + ANSWER_TOKENS,
      path: ['measure'],
    },
  );
  const curves = traces.map(anytimePoints);
  const byTask = (of: (points: AnytimePoint[]) => number) =>
    groups.map((_, g) => mean(curves.slice(g * samples, (g + 1) * samples).map(of)));
  const at = (tokens: number) => mean(byTask((points) => accuracyAtBudget(points, tokens)));
  const regret = byTask((points) => normalisedRegret(points, budget));
  const passAt1 = groups.map(({ trajectories }) =>
    mean(trajectories.map(({ grade }) => (grade.status === 'graded' && grade.score >= 1 ? 1 : 0))),
  );
  const habits = all.map(({ completion, task }) =>
    searchHabits(completion, (task.data as PairSearchData).target),
  );
  const attempts = total(habits.map((one) => one.attempts));
  const x = Array.from({ length: Math.floor(budget / 4) }, (_, i) => 4 * (i + 1));
  return {
    metrics: {
      passAt1: summary.passAt1.estimate,
      regret: mean(regret),
      thinkingTokens: mean(traces.map(({ boundaries }) => boundaries[boundaries.length - 1])),
      ...Object.fromEntries(BUDGETS.map((tokens) => [`forcedAt${tokens}`, at(tokens)])),
      repeated: attempts === 0 ? 0 : total(habits.map((one) => one.repeated)) / attempts,
      afterHit: attempts === 0 ? 0 : total(habits.map((one) => one.afterHit)) / attempts,
      forcedEnded: ended,
    },
    perTask: { passAt1, regret },
    curves: { anytime: { x, y: x.map(at) } },
  };
}
