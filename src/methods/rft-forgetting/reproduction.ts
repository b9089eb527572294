/** The claim of RFT-CPT at CPU scale: tasks learned by reinforcement push out less of the earlier ones than imitated ones. */
import { defineReproduction } from '../../reproduce/index.ts';
import { methodTable } from '../../training/index.ts';
import { methods } from '../index.ts';
import { base, jointArm, RFT, SEQUENCE, SFT, sequenceArm, targeted } from './arms.ts';

const KL = { coefficient: 0.01 };
const LARGE = { learningRate: 1e-3 };

export const reproduction = defineReproduction({
  paper: 13,
  name: 'rft-forgetting',
  title: 'Continual post-training: what reinforcement and imitation forget',
  claim:
    'trained on one task after another until each is known as well, a model forgets less of the earlier tasks when it learns by reinforcement (GRPO, with or without a KL penalty) than when it imitates worked answers, which show one style where several answers are right, and keeps more of the skills that no stage trains.',
  criteria: [
    {
      says: 'GRPO forgets less than supervised training to the same accuracy on each new task, by 3 points',
      metric: 'forgetting',
      arm: 'grpo',
      than: 'sft',
      by: 0.03,
      direction: 'higher',
    },
    {
      says: 'so it does without the KL penalty',
      metric: 'forgetting',
      arm: 'grpo-no-kl',
      than: 'sft',
      by: 0.03,
      direction: 'higher',
    },
    {
      says: 'GRPO keeps more of the skills that no stage trains',
      metric: 'general',
      arm: 'grpo',
      than: 'sft',
      direction: 'higher',
    },
  ],
  alsoMeasured: [
    {
      says: 'GRPO ends at most 5 points below training on all tasks at once',
      metric: 'averageAccuracy',
      arm: 'grpo',
      than: 'joint',
      by: -0.05,
      direction: 'higher',
    },
    {
      says: 'RIF-RFT ends at most 3 points below GRPO',
      metric: 'averageAccuracy',
      arm: 'rif-rft',
      than: 'grpo',
      by: -0.03,
      direction: 'higher',
    },
    {
      says: 'fewer of the groups of RIF-RFT are all right or all wrong',
      metric: 'alike',
      arm: 'rif-rft',
      than: 'grpo',
      direction: 'lower',
    },
    {
      says: 'with ten times the learning rate, too, GRPO forgets less than supervised training, by 3 points',
      metric: 'forgetting',
      arm: 'grpo-large',
      than: 'sft-large',
      by: 0.03,
      direction: 'higher',
    },
    {
      says: 'imitating any right answer forgets less than imitating one style, by 3 points',
      metric: 'forgetting',
      arm: 'sft-any',
      than: 'sft',
      by: 0.03,
      direction: 'higher',
    },
    {
      says: "imitating one's own right answers forgets less than imitating worked ones, by 3 points",
      metric: 'forgetting',
      arm: 'own-answers',
      than: 'sft',
      by: 0.03,
      direction: 'higher',
    },
  ],
  arms: {
    grpo: sequenceArm('GRPO', { method: 'grpo-to-target', ...RFT, kl: KL }),
    'grpo-no-kl': sequenceArm('GRPO without KL', { method: 'grpo-to-target', ...RFT }),
    'rif-rft': sequenceArm('RIF-RFT', { method: 'rif-rft-to-target', ...RFT, kl: KL }),
    'own-answers': sequenceArm('imitating right answers of its own', {
      method: 'rft-to-target',
      ...RFT,
      minibatches: 1,
      maxResamples: 0,
    }),
    sft: sequenceArm(
      'supervised, examples of one style',
      { method: 'supervised-to-target', ...SFT },
      'smaller',
    ),
    'sft-any': sequenceArm(
      'supervised, any right answer',
      { method: 'supervised-to-target', ...SFT },
      'either',
    ),
    'grpo-large': sequenceArm('GRPO, ten times the learning rate', {
      method: 'grpo-to-target',
      ...RFT,
      ...LARGE,
      kl: KL,
    }),
    'sft-large': sequenceArm(
      'supervised, one style, ten times the learning rate',
      { method: 'supervised-to-target', ...SFT, ...LARGE },
      'smaller',
    ),
    joint: jointArm('supervised on all tasks at once, any right answer', {
      method: 'supervised',
      ...SFT,
      steps: 100 * SEQUENCE.length,
    }),
  },
  budget: {
    unit: 'accuracy on each new task',
    equality:
      'Every arm sees the same 400 inputs of each task in turn, and every stage ends where nine in ten of the answers to held-out inputs are right, so that no arm forgets less because it learned less. Learning rates are the same but where an arm says so.',
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [100, 101],
  minutes: 15,
  metrics: {
    forgetting: { label: 'forgetting (final less best)', as: 'percent', better: 'higher' },
    backwardTransfer: { label: 'final less right after learning', as: 'percent', better: 'higher' },
    learning: { label: 'accuracy right after learning', as: 'percent', better: 'higher' },
    averageAccuracy: { label: 'average accuracy at the end', as: 'percent', better: 'higher' },
    general: { label: 'change in untrained skills', as: 'percent', better: 'higher' },
    format: { label: 'answers in the right form', as: 'percent', better: 'higher' },
    base: { label: 'accuracy before', as: 'percent' },
    alike: { label: 'groups all right or all wrong', as: 'percent', better: 'lower' },
    kept: { label: 'inputs kept by the filter', as: 'percent' },
    updates: { label: 'gradient steps', as: 'number' },
    rollouts: { label: 'rollouts', as: 'number' },
  },
  plots: [
    {
      kind: 'curves',
      curve: SEQUENCE[0],
      title: 'Accuracy on the first task',
      x: 'stages',
      y: 'accuracy',
      arms: ['grpo', 'grpo-no-kl', 'rif-rft', 'own-answers', 'sft', 'sft-any'],
    },
    {
      kind: 'curves',
      curve: 'probes',
      title: 'Accuracy on skills that no stage trains',
      x: 'stages',
      y: 'accuracy',
      arms: ['grpo', 'grpo-no-kl', 'rif-rft', 'own-answers', 'sft', 'sft-any'],
    },
    { kind: 'arms', metric: 'forgetting', title: 'Forgetting' },
  ],
  published: {
    columns: ['method', 'average accuracy', 'forgetting'],
    rows: [
      ['SFT', '54.0', '-10.4'],
      ['all tasks at once', '62.9', ''],
      ['GRPO', '60.0', '-2.3'],
      ['GRPO without KL', '59.5', ''],
      ['RIF-RFT', '57.5', '-4.5'],
    ],
    note: 'Qwen2.5-VL-7B-Instruct over seven visual question answering datasets.',
  },
  methods: methodTable([...Object.values(methods), ...targeted]),
  bases: () => [base],
  code: import.meta.url,
});
