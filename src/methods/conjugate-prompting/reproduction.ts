/** Conjugate prompting's claim at CPU scale: fine-tuning skews which task a prompt is taken to be, and asking otherwise undoes it. */
import { conjugateFigures } from '../../evaluation/index.ts';
import { type ArmResult, defineReproduction } from '../../reproduce/index.ts';
import { methodTable } from '../../training/index.ts';
import { grpo } from '../grpo/method.ts';
import { supervised } from '../supervised/method.ts';
import { baseOf, ideal, SEQUENCES, tuned, untuned } from './arms.ts';

type Results = Readonly<Record<string, ArmResult>>;

/** Accuracies on prompts to copy, before and after, through one of the measured transformations. */
function figuresThrough({ base, sft }: Results, through: 'nearThrough' | 'nearControl') {
  return conjugateFigures({
    baseDirect: base.metrics.near,
    tunedDirect: sft.metrics.near,
    baseConjugate: base.metrics[through],
    tunedConjugate: sft.metrics[through],
  });
}

const fallOf = ({ base, sft }: Results, metric: string) => base.metrics[metric] - sft.metrics[metric];

/** By how much more the implicit prior of evaluating rises in the alphabet of the fine-tuning than in the other, in nats. */
const priorShift = (results: Results, arm: string) =>
  results[arm].metrics.priorOdds -
  results.base.metrics.priorOdds -
  (results[arm].metrics.priorOddsThrough - results.base.metrics.priorOddsThrough);

function idealRecovery({ ideal: { metrics } }: Results): number {
  return (metrics.tunedLoss - metrics.tunedLossScaled) / (metrics.tunedLoss - metrics.baseLoss);
}

const pair = ['base', 'sft'] as const;

export const reproduction = defineReproduction({
  paper: 18,
  name: 'conjugate-prompting',
  title: 'Conjugate prompting: what fine-tuning suppressed, asked otherwise',
  claim:
    'fine-tuning on one task suppresses another where prompts could mean either, most for prompts near those of the fine-tuning; it skews which task a prompt is taken to be, so that the same prompts in a form unlike the fine-tuning recover what was lost.',
  criteria: [
    {
      says: 'fine-tuning lowers the accuracy on copying where the query could also be evaluated, by at least 0.1',
      metric: 'near',
      arm: 'sft',
      than: 'base',
      by: 0.1,
      direction: 'lower',
    },
    {
      says: 'it raises the accuracy on the task that is fine-tuned on',
      metric: 'tuned',
      arm: 'sft',
      than: 'base',
      direction: 'higher',
    },
    {
      says: 'copying what cannot be evaluated is forgotten less, by at least 0.1',
      name: 'fall on ambiguous queries less that on queries that can only be copied',
      arms: pair,
      value: (results) => fallOf(results, 'near') - fallOf(results, 'far'),
      than: 0.1,
      direction: 'higher',
    },
    {
      says: 'asked in the other alphabet, at least a quarter of what was lost comes back',
      name: 'recovery through the other alphabet, as a share of what was lost',
      arms: pair,
      value: (results) => figuresThrough(results, 'nearThrough').recovery,
      than: 0.25,
      direction: 'higher',
    },
    {
      says: 'through the other alphabet less than 0.8 of the direct loss occurs',
      name: 'loss through the other alphabet, as a share of the direct one',
      arms: pair,
      value: (results) => figuresThrough(results, 'nearThrough').gapRatio,
      than: 0.8,
      direction: 'lower',
    },
    {
      says: 'a transformation that leaves prompts as likely as before recovers less than a tenth',
      name: 'recovery with the examples reversed, as a share of what was lost',
      arms: pair,
      value: (results) => figuresThrough(results, 'nearControl').recovery,
      than: 0.1,
      direction: 'lower',
    },
    {
      says: "the implicit prior of the fine-tuned task rises more in the fine-tuning's alphabet than in the other, by at least 1 nat",
      name: 'rise of the prior log-odds in the one alphabet less that in the other',
      arms: pair,
      value: (results) => priorShift(results, 'sft'),
      than: 1,
      direction: 'higher',
    },
  ],
  alsoMeasured: [
    {
      says: 'reinforcement on as many sequences shifts the implicit prior less than imitation',
      name: 'shift of the prior by imitation less that by reinforcement, nats',
      arms: ['base', 'sft', 'grpo'],
      value: (results) => priorShift(results, 'sft') - priorShift(results, 'grpo'),
      than: 0,
      direction: 'higher',
    },
    {
      says: 'and copying is forgotten less',
      metric: 'near',
      arm: 'grpo',
      than: 'sft',
      direction: 'higher',
    },
    {
      says: 'for ideal readers of in-context regression, labels times 2 recover at least a quarter of the loss of a skewed prior',
      name: 'recovery of ideal readers, as a share of what was lost',
      arms: ['ideal'],
      value: idealRecovery,
      than: 0.25,
      direction: 'higher',
    },
  ],
  arms: {
    base: untuned,
    sft: tuned('imitation of evaluating', {
      method: 'supervised',
      steps: SEQUENCES / 32,
      batchSize: 32,
      learningRate: 1e-4,
    }),
    grpo: tuned('reinforcement of evaluating (GRPO)', {
      method: 'grpo',
      steps: SEQUENCES / 64,
      promptsPerStep: 8,
      groupSize: 8,
      learningRate: 1e-4,
    }),
    ideal,
  },
  budget: {
    unit: 'sequences',
    equality: `Both kinds of fine-tuning learn from ${SEQUENCES} sequences: worked answers, or sampled ones.`,
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [100, 101],
  minutes: 3,
  metrics: {
    near: { label: 'copying what could be evaluated', as: 'percent', better: 'higher' },
    nearThrough: { label: 'the same in the other alphabet', as: 'percent', better: 'higher' },
    nearControl: { label: 'the same with examples reversed', as: 'percent', better: 'higher' },
    far: { label: 'copying what cannot be evaluated', as: 'percent', better: 'higher' },
    tuned: { label: 'evaluating', as: 'percent', better: 'higher' },
    tunedThrough: { label: 'evaluating in the other alphabet', as: 'percent' },
    priorOdds: { label: 'implicit prior of evaluating, log-odds', as: 'number' },
    priorOddsThrough: { label: 'the same in the other alphabet', as: 'number' },
    baseLoss: { label: 'ideal reader, prior 0.5: excess loss', as: 'number', better: 'lower' },
    tunedLoss: { label: 'prior 0.9999', as: 'number', better: 'lower' },
    tunedLossScaled: { label: 'prior 0.9999, labels times 2', as: 'number', better: 'lower' },
    baseLossScaled: { label: 'prior 0.5, labels times 2', as: 'number', better: 'lower' },
  },
  plots: [
    { kind: 'arms', metric: 'near', title: 'Copying what could be evaluated', arms: ['base', 'sft', 'grpo'] },
    {
      kind: 'arms',
      metric: 'nearThrough',
      title: 'The same prompts in the other alphabet',
      arms: ['base', 'sft', 'grpo'],
    },
    {
      kind: 'arms',
      metric: 'priorOdds',
      title: 'Implicit prior of evaluating (log-odds)',
      arms: ['base', 'sft', 'grpo'],
    },
  ],
  methods: methodTable([supervised, grpo]),
  bases: (seed) => [baseOf(seed)],
  code: import.meta.url,
});
