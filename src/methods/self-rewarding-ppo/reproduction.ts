/** Self-rewarding PPO at CPU scale: does the reward carry over to a task without demonstrations? */
import { type ArmResult, defineReproduction } from '../../reproduce/index.ts';
import { methods } from '../index.ts';
import {
  base,
  extrapolated,
  FEW,
  MANY,
  SUPERVISED_STEPS,
  selfRewarding,
  supervised,
  UNCLIPPED,
  untrained,
} from './arms.ts';

type Results = Readonly<Record<string, ArmResult>>;

const added = (after: ArmResult, before: ArmResult) => after.metrics.transfer - before.metrics.transfer;

/** What self-rewarding adds on the other task with few demonstrations, less what it adds with many; as much training before. */
const scarcity = (of: Results) =>
  added(of['srppo-long'], of['sft-long']) - added(of['srppo-many'], of['sft-many']);

export const reproduction = defineReproduction({
  paper: 31,
  name: 'self-rewarding-ppo',
  title: 'Self-rewarding PPO: going on where demonstrations ended',
  claim:
    'PPO on the log ratio of the supervised model and its base, on prompts without answers, generalises better than supervised training, also where that one is longer, and most where demonstrations are scarce.',
  criteria: [
    {
      says: 'on the task without demonstrations it is more accurate than supervised training',
      metric: 'transfer',
      arm: 'srppo',
      than: 'sft',
      direction: 'higher',
    },
    {
      says: 'and than supervised training three times as long',
      metric: 'transfer',
      arm: 'srppo',
      than: 'sft-long',
      direction: 'higher',
    },
    {
      says: 'on the demonstrated task it is at most a point less accurate than supervised training',
      metric: 'shown',
      arm: 'srppo',
      than: 'sft',
      by: -0.01,
      direction: 'higher',
    },
    {
      says: `it adds more with ${FEW} demonstrations than with ${MANY}, after supervised training as long`,
      name: 'what it adds with few demonstrations, less what it adds with many',
      arms: ['sft-long', 'srppo-long', 'sft-many', 'srppo-many'],
      value: scarcity,
      direction: 'higher',
      than: 0,
    },
  ],
  alsoMeasured: [
    {
      says: 'with the reward unclipped and β = 3 it is also better than supervised training',
      metric: 'transfer',
      arm: 'unclipped',
      than: 'sft',
      direction: 'higher',
    },
    {
      says: 'with the base as the reference and β = 1 it does not gain more than two points',
      metric: 'transfer',
      arm: 'to-base',
      than: 'sft',
      by: -0.02,
      direction: 'lower',
    },
    {
      says: 'with a value head it is better than supervised training too',
      metric: 'transfer',
      arm: 'critic',
      than: 'sft',
      direction: 'higher',
    },
    {
      says: 'it is better than extrapolation by half at decoding time, which trains nothing',
      metric: 'transfer',
      arm: 'srppo',
      than: 'decoding-half',
      direction: 'higher',
    },
    {
      says: 'and than extrapolation by as much as β = 1 stands for',
      metric: 'transfer',
      arm: 'srppo',
      than: 'decoding',
      direction: 'higher',
    },
    {
      says: 'after long supervised training it still adds something',
      metric: 'transfer',
      arm: 'srppo-long',
      than: 'sft-long',
      direction: 'higher',
    },
  ],
  arms: {
    base: untrained,
    sft: supervised('supervised', FEW, SUPERVISED_STEPS),
    'sft-long': supervised('supervised, three times as long', FEW, 3 * SUPERVISED_STEPS),
    srppo: selfRewarding('self-rewarding, ratios of tokens clipped', {}),
    unclipped: selfRewarding('self-rewarding, unclipped, β = 3', { ...UNCLIPPED, klCoefficient: 3 }),
    'to-base': selfRewarding('self-rewarding, unclipped, KL to the base', {
      ...UNCLIPPED,
      klReference: 'base',
    }),
    critic: selfRewarding('self-rewarding, credit by a value head', { credit: 'critic' }),
    'decoding-half': extrapolated('extrapolated by half at decoding time', 0.5),
    decoding: extrapolated('extrapolated at decoding time', 1),
    'srppo-long': selfRewarding('self-rewarding after the longer supervised training', {}, 'sft-long'),
    'sft-many': supervised(`supervised on ${MANY}, three times as long`, MANY, 3 * SUPERVISED_STEPS),
    'srppo-many': selfRewarding(`self-rewarding after ${MANY}`, {}, 'sft-many', MANY),
  },
  budget: {
    unit: 'demonstrations',
    equality: `Each arm sees the same ${FEW} demonstrations of a seed; two arms that see ${MANY} stand outside. Self-rewarding takes 60 gradient steps after the ${SUPERVISED_STEPS} supervised ones, on 3840 answers to prompts without answers; longer supervised training, and that on ${MANY}, takes ${3 * SUPERVISED_STEPS}.`,
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [101, 102, 103],
  minutes: 10,
  metrics: {
    shown: { label: 'accuracy, demonstrated task', as: 'percent', better: 'higher' },
    transfer: { label: 'accuracy, other task', as: 'percent', better: 'higher' },
    reward: { label: 'reward at the end (as the arm clips it)', as: 'number' },
    drift: { label: 'KL from the supervised model, nats an answer', as: 'number' },
  },
  plots: [
    { kind: 'arms', metric: 'transfer', title: 'Accuracy on the task without demonstrations' },
    { kind: 'arms', metric: 'shown', title: 'Accuracy on the demonstrated task' },
  ],
  published: {
    columns: ['', 'gain of self-rewarding PPO over supervised training'],
    rows: [['Mistral-7B and LLaMA3-8B', '2 to 4 points']],
    note: 'As summarised by others, on benchmarks of instruction following, knowledge and mathematics; the tables of the paper were not at hand.',
  },
  methods,
  bases: () => [base],
  code: import.meta.url,
});
