/** NFT's claim at CPU scale: wrong answers add to what right ones teach, as much as in reinforcement learning. */
import {
  type Arm,
  type ArmResult,
  type BaseSpec,
  type Curve,
  defineReproduction,
  type FinishedRecipe,
} from '../../reproduce/index.ts';
import type { RecipeInput } from '../../training/index.ts';
import { methods } from '../index.ts';
import { noisyChain } from './noisy-chain.ts';

const STEPS = 40;
const NOISE = { misconceptions: 30, misconceived: 0.8, slips: 0.05, seed: 0 };
/** Longer chains are right too rarely: a step is right with chance 0.725 where the model imitates its examples. */
const PRETRAINING = { ...NOISE, steps: [2, 5] as const, validationSize: 256, testSize: 256 };
const PRACTICE = { ...NOISE, steps: [4, 4] as const, validationSize: 256, testSize: 256 };
const SAMPLING = { maxTokens: 32, temperature: 1 };

/** About four million tokens of noisy examples; one model for all arms and seeds. */
const base: BaseSpec = {
  family: 'noisy-chain',
  recipe: {
    name: 'noisy-chain-base',
    model: { config: { hiddenSize: 96, layers: 3, heads: 4, maxPositions: 48 } },
    environment: { name: 'noisy-chain', ...PRETRAINING, steps: [2, 5] },
    seed: 0,
    sampling: { maxTokens: 40, temperature: 1 },
    stages: [
      {
        method: 'supervised',
        steps: 2000,
        batchSize: 64,
        learningRate: 2e-3,
        schedule: 'cosine',
        warmupSteps: 20,
      },
    ],
    evaluation: { tasks: 256, every: 0 },
    export: 'last',
  },
  environment: () => noisyChain(PRETRAINING),
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
    environment: { name: 'noisy-chain', ...PRACTICE, steps: [4, 4] },
    sampling: SAMPLING,
    stages: [{ ...SHARED, ...own }],
    evaluation: { split: 'test', tasks: 256, samples: 4, temperature: 1, every: 5 },
    export: 'last',
    snapshots: { every: 10, keep: 1 },
    trajectories: 0,
  };
}

type Stage = { method: string } & Record<string, unknown>;

function curveOf({ metrics }: FinishedRecipe, name: string): Curve {
  const series = metrics.find((one) => one.name === name);
  if (series === undefined || series.values.length === 0) throw new Error(`the run recorded no ${name}`);
  return { x: series.steps, y: series.values };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** Area under a curve by trapezoids, divided by its length. */
function meanHeight({ x, y }: Curve): number {
  const area = x.slice(1).map((at, i) => ((y[i] + y[i + 1]) / 2) * (at - x[i]));
  return sum(area) / (x[x.length - 1] - x[0]);
}

function figuresOf(run: FinishedRecipe): ArmResult {
  const accuracy = curveOf(run, 'eval.passAt1');
  const entropy = curveOf(run, 'entropy');
  const kept = sum(curveOf(run, 'groups.kept').y);
  const sampled = curveOf(run, 'resamples').y.map((rounds) => rounds + 1);
  return {
    metrics: {
      auc: meanHeight(accuracy),
      final: accuracy.y[accuracy.y.length - 1],
      start: accuracy.y[0],
      entropy: sum(entropy.y.slice(-5)) / 5,
      rounds: sum(sampled) / STEPS,
      sampledTokens: run.sampledTokens,
    },
    curves: { accuracy, entropy },
    spent: kept * SHARED.groupSize,
  };
}

function arm(title: string, own: Stage, budgeted = true): Arm {
  return {
    title,
    budgeted,
    settings: { ...SHARED, ...own },
    async run({ train, base: baseModel }) {
      const environment = noisyChain(PRACTICE);
      const run = await train({ recipe: recipeOf(await baseModel(base), own), environment });
      run.engine.dispose();
      return figuresOf(run);
    },
  };
}

/** Height of a curve at x, linear between its points and flat beyond them. */
function heightAt({ x, y }: Curve, at: number): number {
  const next = x.findIndex((one) => one >= at);
  if (next < 0) return y[y.length - 1];
  if (next === 0) return y[0];
  return y[next - 1] + ((y[next] - y[next - 1]) * (at - x[next - 1])) / (x[next] - x[next - 1]);
}

/** Where a curve first reaches a level; its end where it does not. */
function firstReach({ x, y }: Curve, level: number): number {
  const next = y.findIndex((one) => one >= level);
  if (next < 0) return x[x.length - 1];
  if (next === 0) return x[0];
  return x[next - 1] + ((x[next] - x[next - 1]) * (level - y[next - 1])) / (y[next] - y[next - 1]);
}

/** Entropy of NFT less that of RFT where both have made four fifths of the gain that both make in the end. */
function entropyGap(results: Readonly<Record<string, ArmResult>>): number {
  const arms = [results.nft, results.rft].map(({ curves = {} }) => curves);
  const best = Math.min(...arms.map(({ accuracy }) => Math.max(...accuracy.y)));
  const start = arms[0].accuracy.y[0];
  const level = start + 0.8 * (best - start);
  const [nft, rft] = arms.map(({ accuracy, entropy }) => heightAt(entropy, firstReach(accuracy, level)));
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
      says: 'half of the negatives teach less than all of them',
      metric: 'auc',
      arm: 'nft',
      than: 'nft-half',
      direction: 'higher',
    },
    {
      says: 'a floor of 1 is better than one of 0.1',
      metric: 'auc',
      arm: 'nft',
      than: 'nft-low-floor',
      direction: 'higher',
    },
    {
      says: 'weights 1 - r̂ are better than uniform ones',
      metric: 'auc',
      arm: 'nft',
      than: 'nft-uniform',
      direction: 'higher',
    },
  ],
  arms: {
    rft: arm('right answers only (RFT)', { method: 'rft' }),
    'rft-two-passes': arm('RFT, two passes over each step', { method: 'rft', updateEpochs: 2 }, false),
    nft: arm('NFT', { method: 'nft' }),
    'nft-half': arm('NFT, negatives at half weight', { method: 'nft', negativeWeight: 0.5 }),
    'nft-uniform': arm('NFT, uniform question weights', { method: 'nft', questionWeight: 'uniform' }),
    'nft-root': arm('NFT, weights sqrt((1 - r̂) / r̂)', {
      method: 'nft',
      questionWeight: 'inverse-odds-root',
    }),
    'nft-low-floor': arm('NFT, floor 0.1', { method: 'nft', floor: 0.1 }),
    'dr-grpo': arm('Dr. GRPO', { method: 'dr-grpo' }),
    grpo: arm('GRPO', { method: 'grpo' }),
    dapo: arm('DAPO without overlong shaping', { method: 'dapo', overlong: 'keep' }),
  },
  budget: {
    unit: 'answers',
    equality:
      'Each arm takes 40 rollout steps; each step keeps up to 16 questions of 8 answers whose answers differ in score, sampled anew up to ten times, and makes four gradient steps of them. RFT with two passes makes eight and stands outside this budget.',
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [0],
  minutes: 40,
  metrics: {
    auc: { label: 'area under the accuracy curve', as: 'percent', better: 'higher' },
    final: { label: 'accuracy at the end', as: 'percent', better: 'higher' },
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
      arms: ['rft', 'rft-two-passes', 'nft', 'dr-grpo', 'dapo'],
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
