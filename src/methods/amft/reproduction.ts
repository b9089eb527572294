/** AMFT's claim at CPU scale: a balance that follows held-out reward and entropy does better than one that is fixed. */
import { type ComparisonCriterion, defineReproduction } from '../../reproduce/index.ts';
import { methods } from '../index.ts';
import { BALANCED, base, fixed, IMITATED, linear, REINFORCED, STEPS, trained, untrained } from './arms.ts';

/** AMFT's accuracy on held-out chains against another arm's. */
const against = (than: string, what: string, by?: number): ComparisonCriterion => ({
  says:
    by === undefined
      ? `AMFT is more accurate than ${what}`
      : `AMFT is at most ${-by} less accurate than ${what}`,
  metric: 'accuracy',
  arm: 'amft',
  than,
  by,
  direction: 'higher',
});

/** The same on chains that begin with digits which no chain in training begins with. */
const elsewhere = (than: string, what: string): ComparisonCriterion => ({
  says: `on chains with other first digits AMFT is more accurate than ${what}`,
  metric: 'other',
  arm: 'amft',
  than,
  direction: 'higher',
});

export const reproduction = defineReproduction({
  paper: 5,
  name: 'amft',
  title: 'AMFT: a balance of imitation and reinforcement that is learned',
  claim:
    'moving the weight of imitation by a meta-gradient of held-out reward and by the entropy of the policy beats fixed weights from 0.1 to 0.75 and the entropy alone, is nowhere behind imitation, reinforcement, one after the other, or a weight that falls in a straight line, and carries over better than imitation alone or with reinforcement after it.',
  criteria: [
    against('fixed-10', 'a fixed weight of 0.1'),
    against('fixed-25', 'a fixed weight of 0.25'),
    against('fixed-50', 'a fixed weight of 0.5'),
    against('fixed-75', 'a fixed weight of 0.75'),
    against('entropy-only', 'AMFT without the meta-gradient'),
    against('meta-only', 'AMFT without the entropy term', -0.01),
    against('sft', 'imitation', -0.01),
    against('rl', 'reinforcement', -0.01),
    against('sft-rl', 'imitation, then reinforcement', -0.01),
    against('linear', 'a weight that falls in a straight line', -0.01),
    elsewhere('sft', 'imitation'),
    elsewhere('sft-rl', 'imitation, then reinforcement'),
  ],
  alsoMeasured: [
    against('linear', 'a weight that falls in a straight line'),
    against(
      'likelihood',
      'AMFT with the utility of the published code, the likelihood of held-out demonstrations',
    ),
    against('explore', 'AMFT with the sign of the entropy term that the equation has'),
    elsewhere('linear', 'a weight that falls in a straight line'),
    elsewhere('rl', 'reinforcement'),
  ],
  arms: {
    base: untrained,
    sft: trained('imitation', { ...IMITATED, steps: STEPS }),
    rl: trained('reinforcement', { ...REINFORCED, steps: STEPS }),
    'sft-rl': trained(
      'imitation, then reinforcement',
      { ...IMITATED, steps: STEPS / 2 },
      { ...REINFORCED, steps: STEPS / 2 },
    ),
    'fixed-10': trained('μ = 0.1', fixed(0.1)),
    'fixed-25': trained('μ = 0.25', fixed(0.25)),
    'fixed-50': trained('μ = 0.5', fixed(0.5)),
    'fixed-75': trained('μ = 0.75', fixed(0.75)),
    linear: trained('μ from 1 to 0 in a straight line', linear),
    'entropy-only': trained('AMFT without the meta-gradient', { ...BALANCED, metaRate: 0 }),
    'meta-only': trained('AMFT without the entropy term', { ...BALANCED, entropyRate: 0 }),
    amft: trained('AMFT', BALANCED),
    likelihood: trained('AMFT, held-out likelihood', { ...BALANCED, utility: 'likelihood' }),
    explore: trained('AMFT, entropy with the other sign', { ...BALANCED, entropySign: 'explore' }),
  },
  budget: {
    unit: 'optimiser steps',
    equality: `Each arm takes ${STEPS} optimiser steps of the same learning rate. A step of imitation reads 16 demonstrations, one of reinforcement 128 attempts at 16 tasks, one of both does both. AMFT spends 640 attempts on its ten meta-gradients besides: 5760 in all, where reinforcement alone takes 6400.`,
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [101, 102],
  minutes: 10,
  metrics: {
    accuracy: { label: 'accuracy', as: 'percent', better: 'higher' },
    other: { label: 'accuracy, other first digits', as: 'percent', better: 'higher' },
    mu: { label: 'mean μ with both losses', as: 'number' },
    muEnd: { label: 'μ at the end', as: 'number' },
  },
  plots: [
    { kind: 'arms', metric: 'accuracy', title: 'Accuracy on held-out chains' },
    { kind: 'arms', metric: 'other', title: 'Accuracy on chains with other first digits' },
    {
      kind: 'curves',
      curve: 'mu',
      title: 'The weight of imitation',
      x: 'step',
      y: 'μ',
      arms: ['linear', 'entropy-only', 'meta-only', 'amft', 'likelihood', 'explore'],
    },
  ],
  published: {
    columns: ['Qwen2.5-Math-7B', 'in distribution', 'out of distribution'],
    rows: [
      ['AMFT', '61.3', '63.3'],
      ['SRFT', '59.5', '62.5'],
      ['AMFT without meta-gradient', '57.0', '60.5'],
      ['AMFT without entropy term', '55.0', ''],
    ],
    note: 'Percent, as a reading note gives them. The authors asked for the withdrawal of the paper, and the published code samples nothing: these figures are unverified.',
  },
  methods,
  bases: () => [base],
  code: import.meta.url,
});
