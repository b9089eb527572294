/** MRT at CPU scale: does the progress bonus lower regret over the token budget, at equal generated tokens? */
import { type PairSearchOptions, pairSearch } from '../../environments/index.ts';
import { tokenEfficiency } from '../../evaluation/index.ts';
import {
  type Arm,
  type ArmContext,
  type ArmResult,
  type BaseSpec,
  type Curve,
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
const TOKENS = 800_000;
/** Most tokens of a completion: ten attempts of four, the mark, the answer and the end. */
const MAX_TOKENS = 44;
/** C_0 of the normalised regret. */
const BUDGET = 48;
/** Points of score that a right answer loses a token, with the length penalty: 0.018 an attempt. */
const PENALTY = 0.0045;

const methods = methodTable([
  supervised,
  ...[grpo, mrt, mrtStar, star].map((m) => withTokenBudget(m, TOKENS)),
]);

/** Sums of two of four or five numbers, an attempt four tokens; the base also learns from the easier ones of three. */
const SEARCH = {
  numbers: [4, 5],
  operations: ['+'],
  markHits: true,
  joined: true,
} satisfies PairSearchOptions;
const environment = { name: 'pair-search', ...SEARCH };

const base: BaseSpec = {
  family: 'pair-search',
  recipe: {
    name: 'pair-search-base',
    model: { config: { hiddenSize: 64, intermediateSize: 192, layers: 2, heads: 4, maxPositions: 64 } },
    environment: { ...environment, numbers: [3, 5] },
    seed: 100,
    sampling: { maxTokens: MAX_TOKENS },
    stages: [
      {
        method: 'supervised',
        steps: 5000,
        batchSize: 16,
        learningRate: 3e-3,
        schedule: 'cosine',
        warmupSteps: 50,
        floor: 0.05,
        maxGradNorm: 1,
      },
    ],
    evaluation: { tasks: 100, every: 0 },
    snapshots: { every: 1000, keep: 1 },
    export: 'last',
  },
};

const episodes = { episodes: { after: [';', '!'] }, answer: '|', forced: { samples: 2, maxTokens: 3 } };

/** Pair search whose grader takes something off right answers for every token. */
function withLengthPenalty(): Environment {
  const plain = pairSearch(SEARCH) as Environment;
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
    environment: pairSearch(SEARCH) as Environment,
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

/** Tokens that the second arm needs over those that the first needs, for the highest accuracy that both reach when forced. */
function efficiency(
  results: Readonly<Record<string, ArmResult>>,
  candidate: string,
  baseline: string,
): number {
  const points = (arm: string) => {
    const { x, y }: Curve = results[arm].curves?.anytime ?? { x: [], y: [] };
    return x.map((tokens, i) => ({ tokens, accuracy: y[i] }));
  };
  return tokenEfficiency(points(baseline), points(candidate))?.ratio ?? Number.NaN;
}

/** Steps enough for the budget whatever lengths become: those after it do nothing. */
const reinforced = { steps: 400, promptsPerStep: 16, groupSize: 8, learningRate: 1e-3, warmupSteps: 3 };
const imitated = { steps: 200, promptsPerStep: 32, groupSize: 8, learningRate: 3e-4, warmupSteps: 1 };

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
      says: 'GRPO needs more tokens for the highest accuracy that both reach when forced to answer',
      name: 'tokens of GRPO over those of MRT at equal forced accuracy',
      arms: ['mrt', 'grpo'],
      value: (results) => efficiency(results, 'mrt', 'grpo'),
      direction: 'higher',
      than: 1,
    },
    {
      says: 'progress that is not compared with that of other episodes lowers regret too',
      metric: 'regret',
      arm: 'mrt-uncentred',
      than: 'mrt-without-bonus',
      direction: 'lower',
    },
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
      `GRPO with a length penalty of ${PENALTY} a token`,
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
    'mrt-uncentred': trained('MRT (RL), progress as it is', {
      method: 'mrt',
      ...reinforced,
      ...episodes,
      centreProgress: false,
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
  minutes: 20,
  metrics: {
    passAt1: { label: 'pass@1', as: 'percent', better: 'higher' },
    regret: { label: `regret at ${BUDGET} tokens`, as: 'number', better: 'lower' },
    thinkingTokens: { label: 'thinking tokens', as: 'number', better: 'lower' },
    forcedAt12: { label: 'forced at 12 tokens', as: 'percent', better: 'higher' },
    forcedAt24: { label: 'at 24', as: 'percent', better: 'higher' },
    forcedAt40: { label: 'at 40', as: 'percent', better: 'higher' },
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
