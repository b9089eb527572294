/** The study's claim at CPU scale: sampling on policy and pushing some answers down help where the reward's peak is far. */
import { spearman } from '../../evaluation/index.ts';
import { type Arm, type ArmResult, type Criterion, defineReproduction } from '../../reproduce/index.ts';
import { methods } from '../index.ts';
import { arm, base, dataArm, LEARNERS, type LearnerName, type Peak } from './arms.ts';

const ROUNDS = 10;
/** Learning rates on policy, and offline by where the peak is: the best of those tried on the calibration seeds. */
const RATES: Record<LearnerName, { online: number } & Record<Peak, number>> = {
  bon: { online: 1e-3, far: 1e-3, near: 3e-3 },
  dpo: { online: 1e-3, far: 3e-4, near: 1e-3 },
  ipo: { online: 3e-3, far: 1e-4, near: 1e-3 },
  ppo: { online: 3e-3, far: 1e-2, near: 1e-2 },
};

/** Rounds of imitation between one collection and ten. */
const TREND = [1, 2, 5, ROUNDS];

const NAMES = Object.keys(LEARNERS) as LearnerName[];
const PEAKS: readonly Peak[] = ['far', 'near'];
const nameOf = (learner: LearnerName, how: 'offline' | 'online', peak: Peak) => `${learner}-${how}-${peak}`;

const arms = Object.fromEntries(
  PEAKS.flatMap((peak): [string, Arm][] => [
    [`data-${peak}`, dataArm(peak)],
    ...NAMES.flatMap((name): [string, Arm][] => [
      [nameOf(name, 'offline', peak), arm(name, peak, 1, RATES[name][peak])],
      [nameOf(name, 'online', peak), arm(name, peak, ROUNDS, RATES[name].online)],
    ]),
  ]),
);

const bonArm = (rounds: number) =>
  ({ 1: nameOf('bon', 'offline', 'far'), [ROUNDS]: nameOf('bon', 'online', 'far') })[rounds] ??
  `bon-${rounds}-far`;
for (const rounds of TREND.slice(1, -1)) arms[bonArm(rounds)] = arm('bon', 'far', rounds, RATES.bon.online);

/** What the paper compares in pairs: losses that learn from comparisons and imitation, without the policy gradient. */
const STUDIED: readonly LearnerName[] = ['bon', 'dpo', 'ipo'];

const onlineFar = STUDIED.map(
  (name): Criterion => ({
    says: `${LEARNERS[name].title}: with the peak far from the data, ten rounds on policy end more than 0.2 above one collection`,
    metric: 'reward',
    arm: nameOf(name, 'online', 'far'),
    than: nameOf(name, 'offline', 'far'),
    by: 0.2,
    direction: 'higher',
  }),
);

/** What ten rounds add to one collection. */
const gain = (name: LearnerName, peak: Peak, results: Readonly<Record<string, ArmResult>>) =>
  results[nameOf(name, 'online', peak)].metrics.reward -
  results[nameOf(name, 'offline', peak)].metrics.reward;
const bothOf = (name: LearnerName, peak: Peak) => [
  nameOf(name, 'online', peak),
  nameOf(name, 'offline', peak),
];

const farMoreThanNear = STUDIED.map(
  (name): Criterion => ({
    says: `${LEARNERS[name].title}: sampling on policy adds more than 0.2 more where the peak is far than where it is at the data`,
    name: 'what rounds add, far less near',
    arms: [...bothOf(name, 'far'), ...bothOf(name, 'near')],
    value: (results) => gain(name, 'far', results) - gain(name, 'near', results),
    than: 0.2,
    direction: 'higher',
  }),
);

const smallNear = STUDIED.map(
  (name): Criterion => ({
    says: `${LEARNERS[name].title}: where the peak is at the data, sampling on policy adds less than 0.1`,
    name: 'what rounds add, near',
    arms: bothOf(name, 'near'),
    value: (results) => gain(name, 'near', results),
    than: 0.1,
    direction: 'lower',
  }),
);

const negativeGradient = (['dpo', 'ipo'] as const).map(
  (name): Criterion => ({
    says: `with the peak far from the data and one collection, ${LEARNERS[name].title}, which pushes answers down, ends above imitation of the best`,
    metric: 'reward',
    arm: nameOf(name, 'offline', 'far'),
    than: nameOf('bon', 'offline', 'far'),
    direction: 'higher',
  }),
);

export const reproduction = defineReproduction({
  paper: 30,
  name: 'on-policy-preference',
  title: 'Preference fine-tuning: on-policy samples and negative gradients',
  claim:
    'at equal reward queries and gradient steps, learning from on-policy samples beats learning from one collection for every loss, and losses that push answers down beat imitation of the best offline, where the peak of the reward lies where the data is thin; where it lies at the mode of the data, sampling on policy adds far less.',
  criteria: [...onlineFar, ...negativeGradient, ...farMoreThanNear],
  alsoMeasured: [
    ...smallNear,
    {
      says: 'the clipped policy gradient: ten rounds on policy end more than 0.2 above one collection',
      metric: 'reward',
      arm: nameOf('ppo', 'online', 'far'),
      than: nameOf('ppo', 'offline', 'far'),
      by: 0.2,
      direction: 'higher',
    },
    {
      says: 'imitating the best of ten: the more rounds, the higher (rank correlation over 1, 2, 5 and 10)',
      name: 'rank correlation of rounds and reward',
      arms: TREND.map((rounds) => bonArm(rounds)),
      value: (results) =>
        spearman(
          TREND,
          TREND.map((rounds) => results[bonArm(rounds)].metrics.reward),
        ),
      than: 0.8,
      direction: 'higher',
    },
  ],
  arms,
  budget: {
    unit: 'reward queries',
    equality: `Each arm asks for 1000 rewards, ten answers to each of 100 prompts, and takes 300 gradient steps: offline all on one collection, on policy 30 on each of ten collections of 100 answers.`,
  },
  seeds: [1, 2, 3, 4, 5],
  calibrationSeeds: [100, 101],
  minutes: 5,
  metrics: {
    reward: { label: 'mean reward of fresh answers', as: 'number', better: 'higher' },
    kl: { label: 'KL to the data, nats', as: 'number' },
    entropy: { label: 'entropy, nats', as: 'number' },
    chosen: { label: 'log ratio of preferred answers', as: 'number' },
    rejected: { label: 'log ratio of the others', as: 'number' },
  },
  plots: [
    {
      kind: 'arms',
      metric: 'reward',
      title: 'Reward with the peak far from the data',
      arms: Object.keys(arms).filter((one) => one.endsWith('far')),
    },
    {
      kind: 'arms',
      metric: 'reward',
      title: 'Reward with the peak at the data',
      arms: Object.keys(arms).filter((one) => one.endsWith('near')),
    },
    {
      kind: 'curves',
      curve: 'reward',
      title: 'Reward on policy, peak far from the data',
      x: 'reward queries',
      y: 'reward',
      arms: NAMES.map((name) => nameOf(name, 'online', 'far')),
    },
  ],
  methods,
  bases: () => [base],
  code: import.meta.url,
});
