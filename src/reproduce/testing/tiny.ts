/** A reproduction of no paper for tests: arms that return seeded numbers, and fail where the environment says so. */
import { setTimeout as sleep } from 'node:timers/promises';
import { rng } from '../../random/index.ts';
import type { ArmContext } from '../arm-context.ts';
import { type Arm, type ArmResult, defineReproduction } from '../declaration.ts';

/** Name of the variable that says what goes wrong where: `throw:bonus/2`, `kill:bonus/2`, `slow:40`. */
export const TROUBLE = 'BURNISH_TEST_TROUBLE';

const TASKS = 20;
const STEPS = 10;

async function meddle({ arm, seed }: ArmContext): Promise<void> {
  const [what, where] = (process.env[TROUBLE] ?? '').split(':');
  if (what === 'slow') await sleep(Number(where));
  if (where !== `${arm}/${seed}`) return;
  if (what === 'throw') throw new Error('the arm fell ill');
  if (what === 'kill') {
    process.stderr.write('something terrible is about to happen\n');
    process.kill(process.pid, 'SIGKILL');
    await sleep(10_000);
  }
}

async function numbers(context: ArmContext, gain: number): Promise<ArmResult> {
  const { seed, progress, stopIfAsked } = context;
  const random = rng(seed, 'tiny');
  for (let step = 0; step < STEPS; step++) {
    progress(step / STEPS);
    await meddle(context);
    stopIfAsked();
  }
  const scores = Array.from({ length: TASKS }, () => 0.4 + gain + 0.1 * random.normal());
  const score = scores.reduce((a, b) => a + b, 0) / TASKS;
  const x = [0, 1, 2, 3];
  return {
    metrics: { score, tokens: 100 },
    perTask: { score: scores },
    curves: { score: { x, y: x.map((at) => (score * at) / 3) } },
    spent: 1000,
  };
}

const arm = (title: string, gain: number, more: Partial<Arm> = {}): Arm => ({
  title,
  settings: { gain },
  run: (context) => numbers(context, gain),
  ...more,
});

export const reproduction = defineReproduction({
  paper: 0,
  name: 'tiny',
  title: 'numbers with a bonus',
  claim: 'numbers with a bonus are larger than those without.',
  criteria: [
    {
      says: 'the bonus raises the score',
      metric: 'score',
      arm: 'bonus',
      than: 'plain',
      direction: 'higher',
      by: 0.1,
    },
  ],
  alsoMeasured: [
    {
      says: 'the copy of the bonus arm scores the same',
      name: 'distance of copy and bonus',
      arms: ['bonus', 'copy'],
      value: ({ bonus, copy }) => Math.abs(bonus.metrics.score - copy.metrics.score),
      than: 0.001,
      direction: 'lower',
    },
  ],
  arms: {
    plain: arm('no bonus', 0),
    bonus: arm('a bonus of 0.2', 0.2),
    copy: {
      title: "the bonus arm's figures again",
      needs: ['bonus'],
      budgeted: false,
      run: async ({ results }) => ({ metrics: results.bonus.metrics, spent: 0 }),
    },
  },
  budget: { unit: 'tokens', equality: 'Both arms draw 20 numbers.' },
  seeds: [1, 2, 3],
  calibrationSeeds: [0],
  minutes: 0.1,
  metrics: {
    score: { label: 'score', as: 'percent', better: 'higher' },
    tokens: { label: 'tokens', as: 'number' },
  },
  plots: [
    { kind: 'arms', metric: 'score', title: 'Score by arm' },
    {
      kind: 'curves',
      curve: 'score',
      title: 'Score over steps',
      x: 'step',
      y: 'score',
      arms: ['plain', 'bonus'],
    },
  ],
  published: { columns: ['arm', 'score'], rows: [['bonus', '60 %']], note: 'Made up.' },
  methods: {},
  code: import.meta.url,
});
