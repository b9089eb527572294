/** The echo chamber's claim at CPU scale: reinforcement settles on one format of the pre-training mixture, and which one depends on the mixture. */
import { type ArmResult, defineReproduction } from '../../reproduce/index.ts';
import { methodTable } from '../../training/index.ts';
import { grpo } from '../grpo/method.ts';
import { ppo } from '../ppo/method.ts';
import { supervised } from '../supervised/method.ts';
import { ANSWERS, baseOf, PROMPTS, RATE, ROLLOUTS, ROUNDS, STEPS, trained, untrained } from './arms.ts';
import { expertIteration } from './method.ts';

type Results = Readonly<Record<string, ArmResult>>;

const GRPO = {
  method: 'grpo',
  steps: STEPS,
  promptsPerStep: PROMPTS,
  groupSize: ANSWERS,
  learningRate: RATE,
};
const PPO = {
  method: 'ppo',
  steps: STEPS,
  promptsPerStep: PROMPTS * ANSWERS,
  groupSize: 1,
  learningRate: RATE,
};
/** Taken off the rewards, token by token, as the paper's PPO does. */
const PENALTY = { coefficient: 0.1, estimator: 'k1', where: 'reward' } as const;
/** Imitation takes larger steps than reinforcement, as in the paper. */
const IMITATION_RATE = 5e-4;
const EXPERT_ITERATION = {
  method: 'expert-iteration',
  steps: ROUNDS,
  promptsPerStep: ROLLOUTS / ROUNDS / 16,
  groupSize: 16,
  learningRate: IMITATION_RATE,
};

export const reproduction = defineReproduction({
  paper: 19,
  name: 'echo-chamber',
  title: 'Echo chamber: reinforcement amplifies one format of the pre-training mixture',
  claim:
    'reinforcement on right answers, in whatever format, converges to one format of the pre-training mixture while accuracy rises; which one depends on the mixture; a KL penalty keeps others alive; expert iteration moves less; and practice on easier questions helps with harder ones.',
  criteria: [
    {
      says: 'before reinforcement no format has three quarters of the answers, from an even mixture',
      metric: 'largestShare',
      arm: 'base',
      than: 0.75,
      direction: 'lower',
    },
    {
      says: 'PPO ends with nine answers in ten in one format',
      metric: 'largestShare',
      arm: 'ppo',
      than: 0.9,
      direction: 'higher',
    },
    {
      says: 'accuracy rises with PPO, by at least 0.1',
      metric: 'passAt1',
      arm: 'ppo',
      than: 'base',
      by: 0.1,
      direction: 'higher',
    },
    {
      says: 'where the tagged format is eight times as common in pre-training, PPO ends with more of it, by half of all answers',
      metric: 'share.tagged',
      arm: 'ppo-skewed',
      than: 'ppo',
      by: 0.5,
      direction: 'higher',
    },
    {
      says: 'with a KL penalty of 0.1 the formats stay more mixed (entropy)',
      metric: 'formatEntropy',
      arm: 'ppo-kl',
      than: 'ppo',
      direction: 'higher',
    },
    {
      says: 'expert iteration ends with a smaller largest share than PPO',
      metric: 'largestShare',
      arm: 'expert-iteration',
      than: 'ppo',
      direction: 'lower',
    },
    {
      says: 'and with a lower accuracy',
      metric: 'passAt1',
      arm: 'expert-iteration',
      than: 'ppo',
      direction: 'lower',
    },
    {
      says: 'on harder questions, which were not practised, accuracy rises, too',
      metric: 'hardPassAt1',
      arm: 'ppo',
      than: 'base',
      direction: 'higher',
    },
  ],
  alsoMeasured: [
    {
      says: 'on harder questions, which were not practised, one of many answers is right less often after PPO than before',
      metric: 'hardPassAtMany',
      arm: 'ppo',
      than: 'base',
      direction: 'lower',
    },
    {
      says: 'GRPO ends with nine answers in ten in one format, too',
      metric: 'largestShare',
      arm: 'grpo',
      than: 0.9,
      direction: 'higher',
    },
    {
      says: 'the vote of many answers gains with PPO',
      metric: 'vote',
      arm: 'ppo',
      than: 'base',
      direction: 'higher',
    },
    {
      says: 'the format that is most common in the skewed mixture is less accurate than programs, before',
      name: 'accuracy of tagged answers less that of programs, before',
      arms: ['base-skewed'],
      value: ({ 'base-skewed': { metrics } }: Results) =>
        metrics['accuracy.tagged'] - metrics['accuracy.program'],
      than: 0,
      direction: 'lower',
    },
    {
      says: 'on harder questions, which were not practised, a KL penalty keeps more of the chance that one of many answers is right',
      metric: 'hardPassAtMany',
      arm: 'ppo-kl',
      than: 'ppo',
      direction: 'higher',
    },
  ],
  arms: {
    base: untrained('the model before, even mixture', 'even'),
    ppo: trained('PPO', 'even', PPO),
    grpo: trained('GRPO', 'even', GRPO),
    'ppo-kl': trained('PPO with a KL penalty of 0.1', 'even', { ...PPO, kl: PENALTY }),
    'expert-iteration': trained('expert iteration', 'even', EXPERT_ITERATION),
    'base-skewed': untrained('the model before, tagged eight times as common', 'skewed'),
    'ppo-skewed': trained('PPO, tagged eight times as common', 'skewed', PPO),
  },
  budget: {
    unit: 'answers',
    equality: `Each arm samples ${ROLLOUTS} answers: PPO and GRPO in ${STEPS} steps, expert iteration in ${ROUNDS} rounds. Optimiser steps differ: expert iteration makes two passes over each round's right answers, each answer once.`,
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [100, 101],
  minutes: 8,
  metrics: {
    passAt1: { label: 'accuracy of one answer', as: 'percent', better: 'higher' },
    passAtMany: { label: 'one of 32 right', as: 'percent', better: 'higher' },
    vote: { label: 'vote of 32', as: 'percent', better: 'higher' },
    hardPassAt1: { label: 'accuracy, harder', as: 'percent', better: 'higher' },
    hardPassAtMany: { label: 'one of 32 right, harder', as: 'percent', better: 'higher' },
    largestShare: { label: 'largest share of a format', as: 'percent' },
    formatEntropy: { label: 'entropy of formats, nats', as: 'number' },
    fromStart: { label: 'divergence of formats from the start', as: 'number' },
    convergedAt: { label: 'share of the answers sampled when one format had 90 %', as: 'number' },
    'share.program': { label: 'programs', as: 'percent' },
    'share.tagged': { label: 'tagged', as: 'percent' },
    'share.worked': { label: 'worked out', as: 'percent' },
    'accuracy.program': { label: 'accuracy within programs', as: 'percent' },
    'accuracy.tagged': { label: 'accuracy within tagged', as: 'percent' },
    'accuracy.worked': { label: 'accuracy within worked out', as: 'percent' },
  },
  plots: [
    {
      kind: 'curves',
      curve: 'largestShare',
      title: 'Share of the most common format',
      x: 'share of the answers sampled',
      y: 'largest share',
      arms: ['ppo', 'grpo', 'ppo-kl', 'ppo-skewed'],
    },
    {
      kind: 'curves',
      curve: 'accuracy',
      title: 'Accuracy of one answer on held-out questions',
      x: 'share of the answers sampled',
      y: 'accuracy',
      arms: ['ppo', 'grpo', 'ppo-kl', 'ppo-skewed'],
    },
    { kind: 'arms', metric: 'largestShare', title: 'Share of the most common format at the end' },
  ],
  published: {
    columns: ['finding', 'figures'],
    rows: [
      ['PPO, 8 x TinyGSM: accuracy on GSM8K', 'about 60 %'],
      ['expert iteration, the same, after 3 rounds', 'below 45 %'],
      ['vote of 64 under PPO', 'about 5 points up'],
    ],
    note: 'Models of 150 million parameters on grade-school mathematics, at least five hundred times as large as ours.',
  },
  methods: methodTable([supervised, ppo, grpo, expertIteration]),
  bases: (seed) => [baseOf('even', seed), baseOf('skewed', seed)],
  code: import.meta.url,
});
