/** EFT's claim at CPU scale: what a small model learned in fine-tuning, added to a large one, keeps the large one's knowledge. */
import { type ArmResult, defineReproduction } from '../../reproduce/index.ts';
import { methods } from '../index.ts';
import {
  averaged,
  DRAFT_TOKENS,
  decoded,
  downScaled,
  pretrained,
  sweeps,
  TUNING,
  tuned,
  upScaled,
} from './arms.ts';

type Results = Readonly<Record<string, ArmResult>>;

/**
 * How much more a figure rises with the scale of pre-training than with that of fine-tuning: of the four cells (pre-training,
 * fine-tuning), (large, small) and (small, large) are emulated.
 */
const scaleEffect = (metric: string) => (results: Results) =>
  results['eft-up'].metrics[metric] - results['eft-down'].metrics[metric];

export const reproduction = defineReproduction({
  paper: 32,
  name: 'eft',
  title: 'EFT: emulated fine-tuning',
  claim:
    'adding what fine-tuning changed in a small model to a large pre-trained one, token by token, gives answers as helpful as the small tuned model and more factual, which needs the reference to be taken away; factuality rises with the scale of pre-training, helpfulness with that of fine-tuning; and speculative decoding needs fewer passes of the large model.',
  criteria: [
    {
      says: 'up-scaling is more factual than the small tuned model by 0.05',
      metric: 'factual',
      arm: 'eft-up',
      than: 'small-tuned',
      by: 0.05,
      direction: 'higher',
    },
    {
      says: 'it is more helpful than the large base by 0.3',
      metric: 'helpful',
      arm: 'eft-up',
      than: 'large-base',
      by: 0.3,
      direction: 'higher',
    },
    {
      says: 'it is at most 0.05 less helpful than the small tuned model',
      metric: 'helpful',
      arm: 'eft-up',
      than: 'small-tuned',
      by: -0.05,
      direction: 'higher',
    },
    {
      says: 'factuality rises more with the scale of pre-training than with that of fine-tuning',
      name: 'factuality of (large pre-training, small tuning) less that of (small, large)',
      arms: ['eft-up', 'eft-down'],
      value: scaleEffect('factual'),
      direction: 'higher',
      than: 0,
    },
    {
      says: 'helpfulness rises more with the scale of fine-tuning than with that of pre-training',
      name: 'helpfulness of (large pre-training, small tuning) less that of (small, large)',
      arms: ['eft-up', 'eft-down'],
      value: scaleEffect('helpful'),
      direction: 'lower',
      than: 0,
    },
    {
      says: 'the large tuned model is nearer to up-scaling than to the large base',
      metric: 'divergence',
      arm: 'eft-up',
      than: 'large-base',
      direction: 'lower',
    },
    {
      says: 'and nearer to it than to the mean of large base and small tuned model, which takes no reference away',
      metric: 'divergence',
      arm: 'eft-up',
      than: 'average',
      direction: 'lower',
    },
    {
      says: 'with drafts of four tokens a pass of the large model gives more than one and a half tokens',
      metric: 'tokensPerPass',
      arm: 'eft-up-drafted',
      than: 1.5,
      direction: 'higher',
    },
  ],
  alsoMeasured: [
    {
      says: 'up-scaling is more helpful than the mean without a reference',
      metric: 'helpful',
      arm: 'eft-up',
      than: 'average',
      direction: 'higher',
    },
    {
      says: 'up-scaling is more factual than the mean without a reference',
      metric: 'factual',
      arm: 'eft-up',
      than: 'average',
      direction: 'higher',
    },
    {
      says: 'of the gain in factuality from small to large tuned model, up-scaling makes more than 0.3',
      name: 'share of the gap in factuality that is closed',
      arms: ['eft-up', 'small-tuned', 'large-tuned'],
      value: (results) => {
        const [up, small, large] = ['eft-up', 'small-tuned', 'large-tuned'].map(
          (arm) => results[arm].metrics.factual,
        );
        return (up - small) / (large - small);
      },
      direction: 'higher',
      than: 0.3,
    },
    {
      says: 'more answers are verbose with every step from the brief to the verbose tuning',
      metric: 'rises',
      arm: 'sweeps',
      than: 0.99,
      direction: 'higher',
    },
    {
      says: 'drafts do not change how factual answers are, by more than 0.03',
      metric: 'factual',
      arm: 'eft-up-drafted',
      than: 'eft-up',
      by: -0.03,
      direction: 'higher',
    },
  ],
  arms: {
    'small-tuned': tuned('small, tuned', 'small'),
    'large-tuned': tuned('large, tuned (what is emulated)', 'large'),
    'small-verbose': tuned('small, tuned to be verbose', 'small', 'verbose'),
    'small-base': decoded('small, pre-trained only', [], (models) => models.base('small'), false),
    'large-base': decoded('large, pre-trained only', [], (models) => models.base('large'), false),
    'eft-up': decoded('EFT: large pre-training, small tuning', ['small-tuned'], upScaled(0)),
    'eft-up-drafted': decoded('the same with drafts', ['small-tuned'], upScaled(DRAFT_TOKENS)),
    'eft-down': decoded('EFT: small pre-training, large tuning', [], downScaled),
    average: decoded('mean of large base and small tuned model', ['small-tuned'], averaged),
    sweeps,
  },
  budget: {
    unit: 'examples of fine-tuning',
    equality: `Each tuned model, emulated or real, has seen ${TUNING.steps} batches of ${TUNING.batchSize} examples of fine-tuning; decoding models together needs no more.`,
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [100],
  minutes: 9,
  metrics: {
    helpful: { label: 'helpful: written as asked', as: 'percent', better: 'higher' },
    factual: { label: 'factual: the value is right', as: 'percent', better: 'higher' },
    divergence: { label: 'KL(large tuned || model), nats a token', as: 'number', better: 'lower' },
    length: { label: 'tokens of an answer', as: 'number' },
    tokensPerPass: { label: 'tokens a pass of the large model', as: 'number', better: 'higher' },
    accepted: { label: 'share of drafts that stood', as: 'percent', better: 'higher' },
    rises: { label: 'steps of the mixture at which verbosity rises', as: 'percent' },
  },
  plots: [
    { kind: 'arms', metric: 'factual', title: 'Right values in sampled answers' },
    { kind: 'arms', metric: 'helpful', title: 'Answers written as asked' },
    {
      kind: 'curves',
      curve: 'factual',
      title: 'Right values over the weight of the delta',
      x: 'weight',
      y: 'factual',
      arms: ['sweeps'],
    },
    {
      kind: 'curves',
      curve: 'helpful',
      title: 'Answers written as asked over the weight of the delta',
      x: 'weight',
      y: 'helpful',
      arms: ['sweeps'],
    },
    {
      kind: 'curves',
      curve: 'verbose',
      title: 'Verbose answers between a brief and a verbose tuning',
      x: 'share of the verbose tuning',
      y: 'verbose answers',
      arms: ['sweeps'],
    },
  ],
  methods,
  bases: (seed) => [pretrained('small', seed), pretrained('large', seed)],
  code: import.meta.url,
});
