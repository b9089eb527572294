/** MRT at CPU scale: does the progress bonus lower regret over the token budget, at equal generated tokens? */
import { pairSearch } from '../../environments/index.ts';
import {
  type Arm,
  type ArmContext,
  type ArmResult,
  type BaseSpec,
  defineReproduction,
} from '../../reproduce/index.ts';
import { methodTable, type RecipeInput, type StartingModel, startingModel } from '../../training/index.ts';
import type { Environment } from '../../types/index.ts';
import { grpo } from '../grpo/method.ts';
import { withTokenBudget } from '../shared/token-budget.ts';
import { supervised } from '../supervised/method.ts';
import { measureSearch } from './measure.ts';
import { mrt } from './method.ts';
import { mrtStar, star } from './star.ts';

/** Tokens that an arm may generate while it learns, forced answers included. */
const TOKENS = 300_000;
/** Most tokens of a completion: ten attempts, the mark, the answer and the end. */
const MAX_TOKENS = 65;
/** C_0 of the normalised regret. */
const BUDGET = 70;
/** Points of score that a right answer loses a token, with the length penalty. */
const PENALTY = 0.003;

const methods = methodTable([
  supervised,
  ...[grpo, mrt, mrtStar, star].map((m) => withTokenBudget(m, TOKENS)),
]);

const environment = { name: 'pair-search' };

const base: BaseSpec = {
  family: 'pair-search',
  recipe: {
    name: 'pair-search-base',
    model: { config: { hiddenSize: 96, intermediateSize: 256, layers: 3, heads: 4, maxPositions: 96 } },
    environment,
    seed: 100,
    sampling: { maxTokens: MAX_TOKENS },
    stages: [
      {
        method: 'supervised',
        steps: 1000,
        batchSize: 64,
        learningRate: 2e-3,
        schedule: 'cosine',
        warmupSteps: 50,
        floor: 0.05,
        maxGradNorm: 1,
      },
    ],
    evaluation: { tasks: 100, every: 0 },
    snapshots: { every: 250, keep: 1 },
    export: 'last',
  },
};

const episodes = { episodes: { after: [';'] }, answer: '|', forced: { samples: 2, maxTokens: 4 } };

/** Pair search whose grader takes something off right answers for every token. */
function withLengthPenalty(): Environment {
  const plain = pairSearch() as Environment;
  return {
    ...plain,
    grader: {
      name: 'pair-search with length penalty',
      async grade(input, signal) {
        const grade = await plain.grader.grade(input, signal);
        if (grade.status === 'failed') return grade;
        return { ...grade, score: grade.score * Math.max(0, 1 - PENALTY * input.tokens.length) };
      },
    },
  };
}

/** Measures the weights that an engine holds now. */
async function measured(
  { seed, signal }: ArmContext,
  { engine, tokenizer }: StartingModel,
): Promise<ArmResult> {
  return await measureSearch({
    engine,
    tokenizer,
    environment: pairSearch() as Environment,
    tasks: 100,
    samples: 4,
    forced: 8,
    maxTokens: MAX_TOKENS,
    budget: BUDGET,
    seed,
    signal,
  });
}

/** An arm that reinforces the base by one stage. */
function trained(title: string, stage: RecipeInput['stages'][number], own?: () => Environment): Arm {
  return {
    title,
    settings: { ...stage, tokens: TOKENS },
    async run(context) {
      const finished = await context.train({
        recipe: {
          name: 'mrt-arm',
          model: await context.base(base),
          environment,
          sampling: { maxTokens: MAX_TOKENS, temperature: 1 },
          stages: [stage],
          evaluation: { tasks: 8, every: 0 },
          snapshots: { every: 10, keep: 1 },
          export: 'last',
        },
        environment: own?.(),
      });
      try {
        const result = await measured(context, finished);
        const spent = finished.metrics.find(({ name }) => name === 'tokens.spent')?.values ?? [];
        return { ...result, spent: Math.max(0, ...spent) };
      } finally {
        finished.engine.dispose();
      }
    },
  };
}

/** Steps enough for the budget whatever lengths become: those after it do nothing. */
const reinforced = { steps: 150, promptsPerStep: 16, groupSize: 8, learningRate: 3e-4, warmupSteps: 3 };
const imitated = { steps: 40, promptsPerStep: 32, groupSize: 8, learningRate: 3e-4, warmupSteps: 1 };

const untrained: Arm = {
  title: 'the base model',
  budgeted: false,
  async run(context) {
    const started = await startingModel({ model: await context.base(base), seed: context.seed }, []);
    try {
      return await measured(context, started);
    } finally {
      started.engine.dispose();
    }
  },
};

export const reproduction = defineReproduction({
  paper: 1,
  name: 'mrt',
  title: 'Optimizing Test-Time Compute via Meta Reinforcement Fine-Tuning',
  claim:
    'rewarding the progress of every episode beside the outcome lowers regret over the token budget, and makes thinking shorter at the same accuracy, compared to reinforcement on the outcome alone.',
  criteria: [
    {
      says: 'regret is lower with the bonus than with GRPO on the outcome',
      metric: 'regret',
      arm: 'mrt',
      than: 'grpo',
      direction: 'lower',
    },
    {
      says: 'it is the bonus, not the forced answers, that lowers regret',
      metric: 'regret',
      arm: 'mrt',
      than: 'mrt-without-bonus',
      direction: 'lower',
    },
    {
      says: 'GRPO thinks at least 1.2 times as long',
      metric: 'thinkingTokens',
      arm: 'mrt',
      than: 'grpo',
      direction: 'lower',
      factor: 1 / 1.2,
    },
    {
      says: 'accuracy is not lower than that of GRPO by more than a point',
      metric: 'passAt1',
      arm: 'mrt',
      than: 'grpo',
      direction: 'higher',
      by: -0.01,
    },
    {
      says: 'a length penalty costs accuracy that the bonus does not cost',
      metric: 'passAt1',
      arm: 'mrt',
      than: 'length-penalty',
      direction: 'higher',
    },
  ],
  alsoMeasured: [
    {
      says: 'the bonus on branches lowers regret',
      metric: 'regret',
      arm: 'mrt-branches',
      than: 'grpo',
      direction: 'lower',
    },
    {
      says: 'imitating the most progress lowers regret, compared to imitating what ends right',
      metric: 'regret',
      arm: 'mrt-star',
      than: 'star',
      direction: 'lower',
    },
    {
      says: 'the length penalty reaches a regret as low',
      metric: 'regret',
      arm: 'mrt',
      than: 'length-penalty',
      direction: 'lower',
    },
  ],
  arms: {
    base: untrained,
    grpo: trained('GRPO on the outcome', { method: 'grpo', ...reinforced }),
    'length-penalty': trained(
      'GRPO with a length penalty',
      { method: 'grpo', ...reinforced },
      withLengthPenalty,
    ),
    mrt: trained('MRT (RL)', { method: 'mrt', ...reinforced, ...episodes, alpha: 1 }),
    'mrt-without-bonus': trained('MRT (RL) with a weight of 0', {
      method: 'mrt',
      ...reinforced,
      ...episodes,
      alpha: 0,
    }),
    'mrt-branches': trained('MRT (RL) on branches', {
      method: 'mrt',
      ...reinforced,
      ...episodes,
      bonus: 'branches',
      groupSize: 4,
    }),
    star: trained('STaR: what ends right', { method: 'star', ...imitated }),
    'mrt-star': trained('MRT (STaR): the most progress', { method: 'mrt-star', ...imitated, ...episodes }),
  },
  budget: {
    unit: 'tokens',
    equality: `Every arm generates ${TOKENS} tokens while it learns, forced answers included, to within half a step.`,
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [101, 102],
  minutes: 25,
  metrics: {
    passAt1: { label: 'pass@1', as: 'percent', better: 'higher' },
    regret: { label: `regret at ${BUDGET} tokens`, as: 'number', better: 'lower' },
    thinkingTokens: { label: 'thinking tokens', as: 'number', better: 'lower' },
    forcedAt12: { label: 'forced at 12 tokens', as: 'percent', better: 'higher' },
    forcedAt24: { label: 'at 24', as: 'percent', better: 'higher' },
    forcedAt36: { label: 'at 36', as: 'percent', better: 'higher' },
    forcedAt60: { label: 'at 60', as: 'percent', better: 'higher' },
    repeated: { label: 'repeated attempts', as: 'percent', better: 'lower' },
    afterHit: { label: 'attempts after a hit', as: 'percent', better: 'lower' },
    forcedEnded: { label: 'forced answers that end', as: 'percent', better: 'higher' },
  },
  plots: [
    {
      kind: 'curves',
      curve: 'anytime',
      title: 'Accuracy of the answer forced after so many tokens',
      x: 'tokens',
      y: 'accuracy',
    },
    { kind: 'arms', metric: 'regret', title: `Normalised regret at ${BUDGET} tokens` },
    { kind: 'arms', metric: 'thinkingTokens', title: 'Thinking tokens' },
  ],
  published: {
    columns: ['model', 'base', 'GRPO', 'GRPO, length penalty', 'MRT'],
    rows: [
      ['DeepScaleR-1.5B, mean pass@1 of five benchmarks', '54.5', '55.0', '50.8', '55.9'],
      ['R1-Distill-Qwen-1.5B', '44.9', '46.0', '–', '47.1'],
    ],
    note: 'Models of 1.5 billion parameters on competition mathematics; regret and tokens were shown as plots.',
  },
  methods,
  bases: () => [base],
  code: import.meta.url,
});
