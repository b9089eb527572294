/** NFT's claim at CPU scale: wrong answers add to what right ones teach, as much as in reinforcement learning. */
import { noisyChain } from '../../environments/index.ts';
import { firstReach, mean, meanHeight } from '../../evaluation/index.ts';
import {
  type Arm,
  type ArmResult,
  type BaseSpec,
  type Curve,
  curveOf,
  defineReproduction,
  type FinishedRecipe,
} from '../../reproduce/index.ts';
import { evaluate, type RecipeInput } from '../../training/index.ts';
import { methods } from '../index.ts';

const STEPS = 40;
/** Longer chains are right too rarely: an addition is right with chance 0.725 where the model imitates its examples. */
const CHAINS = {
  additions: 4,
  misconceptions: new Array<number>(30).fill(0.8),
  slips: 0.05,
  seed: 0,
  validationSize: 256,
  testSize: 256,
};
const SAMPLING = { maxTokens: 16, temperature: 1 };

/** One model for all arms and seeds. */
const base: BaseSpec = {
  family: 'noisy-chain',
  recipe: {
    name: 'noisy-chain-base',
    model: { config: { hiddenSize: 64, layers: 2, heads: 4, maxPositions: 32 } },
    environment: { name: 'noisy-chain', ...CHAINS },
    seed: 0,
    sampling: SAMPLING,
    stages: [
      {
        method: 'supervised',
        steps: 1000,
        batchSize: 64,
        learningRate: 2e-3,
        schedule: 'cosine',
        warmupSteps: 20,
      },
    ],
    evaluation: { tasks: 256, every: 0 },
    export: 'last',
  },
  environment: () => noisyChain(CHAINS),
};

/** The same for every arm: what is sampled, how it is split, and how large the steps are. */
const SHARED = {
  steps: STEPS,
  promptsPerStep: 16,
  groupSize: 8,
  minibatches: 4,
  dynamicSampling: true,
  maxResamples: 10,
  aggregation: 'token-mean',
  learningRate: 1e-4,
};

function recipeOf(model: string, own: Stage): RecipeInput {
  return {
    name: 'noisy-chain',
    model,
    environment: { name: 'noisy-chain', ...CHAINS },
    sampling: SAMPLING,
    stages: [{ ...SHARED, ...own }],
    evaluation: { split: 'test', tasks: 256, samples: 4, temperature: 1, every: 5 },
    export: 'last',
    snapshots: { every: 10, keep: 1 },
    trajectories: 0,
  };
}

type Stage = { method: string } & Record<string, unknown>;

/** Accuracy of the likeliest answers at the end: whether misconceptions are gone, and not only answered wrongly less often. */
async function greedyAccuracy({ engine, tokenizer, environment }: FinishedRecipe): Promise<number> {
  const held = { engine, tokenizer, environment, split: 'test', tasks: 256, seed: 0 } as const;
  const { summary } = await evaluate({ ...held, sampling: { ...SAMPLING, temperature: 0 } });
  return summary.passAt1.estimate;
}

async function figuresOf(run: FinishedRecipe): Promise<ArmResult> {
  const accuracy = curveOf(run, 'eval.passAt1');
  const entropy = curveOf(run, 'entropy');
  const kept = curveOf(run, 'groups.kept').y;
  return {
    metrics: {
      auc: meanHeight(accuracy),
      final: accuracy.y[accuracy.y.length - 1],
      start: accuracy.y[0],
      greedy: await greedyAccuracy(run),
      entropy: mean(entropy.y.slice(-5)),
      rounds: 1 + mean(curveOf(run, 'resamples').y),
      sampledTokens: run.sampledTokens,
    },
    curves: { accuracy, entropy },
    spent: mean(kept) * STEPS * SHARED.groupSize,
  };
}

function arm(title: string, own: Stage, budgeted = true): Arm {
  return {
    title,
    budgeted,
    settings: { ...SHARED, ...own },
    async run({ train, base: baseModel }) {
      const environment = noisyChain(CHAINS);
      const run = await train({ recipe: recipeOf(await baseModel(base), own), environment });
      const figures = await figuresOf(run);
      run.engine.dispose();
      return figures;
    },
  };
}

/** Mean entropy over the five steps around the one where an accuracy is first reached, or over the last five. */
function entropyWhere({ accuracy, entropy }: Record<string, Curve>, level: number): number {
  const at = Math.min(firstReach(accuracy, level) ?? STEPS, STEPS - 2);
  return mean(entropy.y.filter((_, i) => Math.abs(entropy.x[i] - at) <= 2.5));
}

/** Entropy of NFT less that of RFT where both have made four fifths of the gain that both make in the end. */
function entropyGap(results: Readonly<Record<string, ArmResult>>): number {
  const arms = [results.nft, results.rft].map(({ curves = {} }) => curves);
  const best = Math.min(...arms.map(({ accuracy }) => Math.max(...accuracy.y)));
  const start = arms[0].accuracy.y[0];
  const [nft, rft] = arms.map((curves) => entropyWhere(curves, start + 0.8 * (best - start)));
  return nft - rft;
}

export const reproduction = defineReproduction({
  paper: 25,
  name: 'nft',
  title: 'NFT: learning from wrong answers by likelihood',
  claim:
    'modelling wrong answers with an implicit negative policy improves on fine-tuning on right answers only (RFT), also where that one is trained on as many tokens, matches DAPO, and keeps more entropy than RFT at equal accuracy.',
  criteria: [
    {
      says: 'the area under the accuracy curve of NFT is above that of RFT',
      metric: 'auc',
      arm: 'nft',
      than: 'rft',
      direction: 'higher',
    },
    {
      says: 'it is above that of RFT with two passes, which trains on about as many tokens',
      metric: 'auc',
      arm: 'nft',
      than: 'rft-two-passes',
      direction: 'higher',
    },
    {
      says: 'it is at most 0.03 below that of DAPO',
      metric: 'auc',
      arm: 'nft',
      than: 'dapo',
      by: -0.03,
      direction: 'higher',
    },
    {
      says: 'at equal accuracy the entropy of NFT is above that of RFT',
      name: 'entropy of NFT less that of RFT',
      arms: ['nft', 'rft'],
      value: entropyGap,
      direction: 'higher',
      than: 0,
    },
  ],
  alsoMeasured: [
    {
      says: 'with the question weights of NFT, learning from right answers only is worse than with wrong ones too',
      metric: 'auc',
      arm: 'nft',
      than: 'rft-weighted',
      direction: 'higher',
    },
    {
      says: 'half of the negatives teach less than all of them',
      metric: 'auc',
      arm: 'nft',
      than: 'nft-half',
      direction: 'higher',
    },
    {
      says: 'weights 1 - r̂ are better than uniform ones',
      metric: 'auc',
      arm: 'nft',
      than: 'nft-uniform',
      direction: 'higher',
    },
    {
      says: 'at the end NFT is more accurate than RFT',
      metric: 'final',
      arm: 'nft',
      than: 'rft',
      direction: 'higher',
    },
  ],
  arms: {
    rft: arm('right answers only (RFT)', { method: 'rft' }),
    'rft-two-passes': arm('RFT, two passes over each step', { method: 'rft', updateEpochs: 2 }, false),
    'rft-weighted': arm('RFT, question weights of NFT', { method: 'rft', questionWeight: 'failure-rate' }),
    nft: arm('NFT', { method: 'nft' }),
    'nft-half': arm('NFT, negatives at half weight', { method: 'nft', negativeWeight: 0.5 }),
    'nft-uniform': arm('NFT, uniform question weights', { method: 'nft', questionWeight: 'uniform' }),
    dapo: arm('DAPO without overlong shaping', { method: 'dapo', overlong: 'keep' }),
  },
  budget: {
    unit: 'answers',
    equality:
      'Each arm takes 40 rollout steps; each step keeps up to 16 questions of 8 answers whose answers differ in score, sampled anew up to ten times, and makes four gradient steps of them. RFT with two passes makes eight and stands outside this budget.',
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [0],
  minutes: 4,
  metrics: {
    auc: { label: 'area under the accuracy curve', as: 'percent', better: 'higher' },
    final: { label: 'accuracy at the end', as: 'percent', better: 'higher' },
    greedy: { label: 'greedy accuracy at the end', as: 'percent', better: 'higher' },
    start: { label: 'accuracy before', as: 'percent' },
    entropy: { label: 'entropy at the end, nats a token', as: 'number' },
    rounds: { label: 'rounds of sampling a step', as: 'number' },
    sampledTokens: { label: 'tokens sampled', as: 'number' },
  },
  plots: [
    {
      kind: 'curves',
      curve: 'accuracy',
      title: 'Accuracy of one sample on held-out chains',
      x: 'rollout steps',
      y: 'accuracy',
      arms: ['rft', 'rft-two-passes', 'rft-weighted', 'nft', 'dapo'],
    },
    {
      kind: 'curves',
      curve: 'entropy',
      title: 'Entropy of the sampled answers',
      x: 'rollout steps',
      y: 'nats a token',
      arms: ['rft', 'nft', 'dapo'],
    },
    { kind: 'arms', metric: 'auc', title: 'Area under the accuracy curve' },
  ],
  published: {
    columns: ['method', 'Qwen2.5-Math-7B', 'Qwen2.5-32B'],
    rows: [
      ['before', '31.6', '29.6'],
      ['RFT', '48.3', '52.8'],
      ['GRPO', '49.5', ''],
      ['Dr. GRPO', '49.8', ''],
      ['DAPO', '51.2', '59.9'],
      ['NFT', '51.7', '59.2'],
    ],
    note: 'Mean accuracy over six mathematics benchmarks of models some ten thousand times as large, trained for 320 rollout steps of 8192 answers.',
  },
  methods,
  bases: () => [base],
  code: import.meta.url,
});
